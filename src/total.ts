import type { NativeChannel } from './native.js';
import { disjoint } from './scopes.js';
import { sumOf } from './sum.js';
import type { Energy, EnergySum, Scope } from './types/energy.js';

type Member = Pick<NativeChannel, 'id' | 'index'>;
type Measured = Exclude<Energy, { status: 'unsupported' }>;

/** What a total is made of, the widest first. A platform is no part of it: what it covers beside these is not known. */
const WIDEST_FIRST: readonly Scope[] = ['module', 'board', 'cpu-package', 'dram'];

/** The sum over what was measured of the widest scopes that do not contain one another. Absent where there is none. */
export function totalOf(
  channels: readonly Member[],
  scopes: Readonly<Record<string, Energy>>,
): EnergySum | undefined {
  const measured = channels.flatMap(({ id, index }) => {
    const energy = scopes[id];
    return energy && energy.status !== 'unsupported' ? [{ id, index, scope: energy.scope, energy }] : [];
  });
  const chosen = new Set(
    disjoint(WIDEST_FIRST.flatMap((scope) => measured.filter((one) => one.scope === scope))),
  );
  const parts: Measured[] = measured.filter((one) => chosen.has(one)).map(({ energy }) => energy);
  return parts.length === 0 ? undefined : sumOf(parts, 'total');
}
