// Energy of one run's steady state by sensors: the board that the model was on, the processor, and both.
import type { BudgetTerm } from 'microjoule';
import type { JournalQuantity, RunRecord, ScopeEnergy, SteadyState } from '../types/journal.js';
import { type Estimate, halfWidthOf } from './term.js';
import type { Basis, Sensors } from './types.js';

export type RunReading = { ok: true; estimate: Estimate } | { ok: false; reason: string; suspect: boolean };

export type RunEnergy = Record<Sensors, Record<Basis, RunReading>>;

/** A model that ran on the processor has no board; nothing stands in for it. */
export const NO_GPU = 'not used: the model ran on the processor';
/** Key of what no other run shares, whatever its name. */
export const ALONE = 'of this run alone';
const NO_BOARD = 'no energy counter of a board';

export function runEnergy(run: RunRecord, steady: SteadyState): RunEnergy {
  const boards = boardsOf(run, steady);
  const processor = processorOf(steady.energies);
  const both = (basis: Basis): Record<Sensors, RunReading> => {
    const gpu = Array.isArray(boards) ? sumOf(boards, basis, NO_BOARD) : boards;
    const cpu = sumOf(processor, basis, "no energy counter of the processor's packages");
    const used = Array.isArray(boards) || !('unused' in boards);
    return { gpu, cpu, total: used ? plus(gpu, cpu) : cpu };
  };
  const [gross, net] = [both('gross'), both('net')];
  const of = (sensors: Sensors) => ({ gross: gross[sensors], net: net[sensors] });
  return { total: of('total'), gpu: of('gpu'), cpu: of('cpu') };
}

type NoBoard = { ok: false; reason: string; suspect: false; unused?: true };

/** Of the boards that are metered the one with the worker's UUID. */
export function boardsOf(
  run: RunRecord,
  { energies, devices }: Pick<SteadyState, 'energies' | 'devices'>,
): ScopeEnergy[] | NoBoard {
  const uuid = run.worker?.load?.deviceUuid;
  if (uuid === null) return { ok: false, reason: NO_GPU, suspect: false, unused: true };
  const boards = energies.filter(({ scope }) => scope === 'board');
  if (boards.length <= 1) return boards;
  const own = devices.find((device) => sameUuid(device.uuid, uuid));
  const board = boards.find(({ id }) => id === own?.id);
  if (board) return [board];
  return {
    ok: false,
    reason: `none of the metered boards has the UUID ${uuid ?? '(not told)'}`,
    suspect: false,
  };
}

/** CUDA's and NVML's differ in their first letters, and may in case. */
export const sameUuid = (a: string, b: string | undefined): boolean => plainUuid(a) === plainUuid(b ?? '');

const plainUuid = (uuid: string): string => uuid.toLowerCase().replace(/^gpu-/, '');

/** Packages, and DRAM where it has a counter that works: many processors have none. */
export function processorOf(energies: readonly ScopeEnergy[]): ScopeEnergy[] {
  const packages = energies.filter(({ scope }) => scope === 'cpu-package');
  if (packages.length === 0) return [];
  return [
    ...packages,
    ...energies.filter(({ scope, status }) => scope === 'dram' && status !== 'unsupported'),
  ];
}

export function sumOf(scopes: readonly ScopeEnergy[], basis: Basis, none: string): RunReading {
  if (scopes.length === 0) return { ok: false, reason: none, suspect: false };
  return scopes.map((scope) => readingOf(scope, basis)).reduce(plus);
}

export function plus(a: RunReading, b: RunReading): RunReading {
  if (!a.ok) return a;
  if (!b.ok) return b;
  const [first, second] = [a.estimate, b.estimate];
  return {
    ok: true,
    estimate: {
      value: first.value + second.value,
      terms: [...first.terms, ...second.terms],
      gains: [...first.gains, ...second.gains],
    },
  };
}

function readingOf(scope: ScopeEnergy, basis: Basis): RunReading {
  const { id, status, reason } = scope;
  if (status === 'suspect') return { ok: false, reason: `${id} is suspect: ${reason ?? ''}`, suspect: true };
  if (status === 'unsupported') {
    return { ok: false, reason: `${id}: ${reason ?? 'cannot be read'}`, suspect: false };
  }
  const quantity = scope[basis];
  if (!quantity) {
    const what = basis === 'net' ? 'no idle level was found' : 'no gross figure';
    return { ok: false, reason: `${id}: ${reason ?? what}`, suspect: false };
  }
  const { gain } = scope;
  return {
    ok: true,
    estimate: {
      value: quantity.value,
      terms: termsOf(scope, basis, quantity),
      gains: gain ? [{ key: gain.key, halfRange: gain.relative * Math.abs(quantity.value) }] : [],
    },
  };
}

/** What the budget does not account for is this run's alone; without a budget all of it may be shared by all runs. */
function termsOf(scope: ScopeEnergy, basis: Basis, quantity: JournalQuantity): BudgetTerm[] {
  const terms = basis === 'net' || !scope.net ? (scope.terms ?? scope.grossTerms) : scope.grossTerms;
  const rest = (uncertainty: number, key: string): BudgetTerm => ({
    name: 'prior',
    key,
    uncertainty,
    distribution: 'normal',
  });
  if (!terms) return [rest(quantity.uncertainty, `${scope.id} ${basis} undivided`)];
  const known = halfWidthOf(terms);
  if (quantity.uncertainty <= known * (1 + 1e-9)) return terms;
  return [...terms, rest(Math.sqrt(quantity.uncertainty ** 2 - known ** 2), ALONE)];
}
