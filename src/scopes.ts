import { invalidArgument } from './errors.js';
import type { Scope } from './types/energy.js';

/** A scope and which one of its kind: 'package-1'. */
export interface Place {
  id: string;
  scope: Scope;
  index: number;
}

type Relation = 'disjoint' | 'same' | 'contains' | 'inside' | 'unknown';

/**
 * What lies inside what, on the same board or package. Cores and graphics ('uncore') are part of their package and memory
 * is beside it, on every processor known (Khan et al., "RAPL in Action", 2018); `native/energy/rapl_model.cc` says the
 * same of limits of power.
 */
const INSIDE: Readonly<Partial<Record<Scope, readonly Scope[]>>> = {
  module: ['board', 'gpu-memory'],
  board: ['gpu-memory'],
  'cpu-package': ['cpu-core', 'cpu-uncore'],
};

const OF_PROCESSOR: readonly Scope[] = ['cpu-package', 'cpu-core', 'cpu-uncore', 'dram'];

export function placeOf({ id, scope }: { id: string; scope: Scope }): Place {
  return { id, scope, index: Number(id.slice(id.lastIndexOf('-') + 1)) };
}

/** How what `a` covers lies to what `b` covers. */
export function relation(a: Place, b: Place): Relation {
  if (a.id === b.id) return 'same';
  if (a.scope === 'platform') return OF_PROCESSOR.includes(b.scope) ? 'contains' : 'unknown';
  if (b.scope === 'platform') return OF_PROCESSOR.includes(a.scope) ? 'inside' : 'unknown';
  if (a.index !== b.index) return 'disjoint';
  if (INSIDE[a.scope]?.includes(b.scope)) return 'contains';
  return INSIDE[b.scope]?.includes(a.scope) ? 'inside' : 'disjoint';
}

/** Throws where the sum of these would count something twice, or may do so. */
export function requireDisjoint(places: readonly Place[]): void {
  places.forEach((a, i) => {
    for (const b of places.slice(i + 1)) refuseOverlap(a, b, relation(a, b));
  });
}

function refuseOverlap(a: Place, b: Place, how: Relation): void {
  switch (how) {
    case 'disjoint':
      return;
    case 'same':
      throw invalidArgument(`${a.id} is given twice.`, 'Give each scope once.');
    case 'contains':
      throw contained(a.id, b.id);
    case 'inside':
      throw contained(b.id, a.id);
    case 'unknown':
      throw invalidArgument(
        `It is not known whether ${a.id} and ${b.id} overlap: what a platform counter covers beside the processor is the board maker's choice.`,
        'Report the two side by side.',
      );
  }
}

function contained(outer: string, inner: string) {
  return invalidArgument(
    `${outer} contains ${inner}: their sum would count ${inner} twice.`,
    `Add either ${outer} or what lies inside it.`,
  );
}

/** In the order given, each that overlaps with none taken before. */
export function disjoint<T extends Place>(places: readonly T[]): T[] {
  const taken: T[] = [];
  for (const place of places) {
    if (taken.every((other) => relation(other, place) === 'disjoint')) taken.push(place);
  }
  return taken;
}
