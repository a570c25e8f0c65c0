// Energies of many blocks as one: values are sums over the blocks, intervals those of their mean times their number.
import { type BlockFigure, meanOfBlocks, type RepeatedFigure } from './planner/repeats.js';
import { combined } from './quantity.js';
import { suspectReason } from './suspect.js';
import type { BudgetTerm, Energy, Mark, Quantity, Repeats, SuspectCause } from './types/energy.js';

type Measured = Exclude<Energy, { status: 'unsupported' }>;

/** A block that was disturbed is left out and counted; more than this share of them is no accident. */
const MOST_LEFT_OUT = 0.1;

/** One energy a block of one channel and kind, in the order of time, with the instant that the block began. */
export interface BlockEnergies {
  energies: readonly Energy[];
  starts: readonly Mark[];
}

export interface HowRepeated {
  alpha: number;
  repeats: Pick<Repeats, 'mode' | 'blocks' | 'runsPerBlock'>;
}

/** Blocks with a figure, with their budgets; suspect ones are left out. */
export function blockFigures({ energies, starts }: BlockEnergies): BlockFigure[] {
  return energies.flatMap((energy, i) => {
    if (energy.status !== 'ok' && energy.status !== 'below-resolution') return [];
    const start = starts[i] as Mark;
    return [
      { value: energy.value, terms: (energy.budget?.terms ?? []).map((term) => inBlocks(term, start)) },
    ];
  });
}

// What an error has in common with that of the next block. Blocks begin everywhere in the counter's period: what hangs on
// the phase is another error in each of them. Idle power that drifts after work does so after each block's.
function inBlocks(term: BudgetTerm, start: Mark): BudgetTerm {
  if (term.name === 'phase') return { ...term, key: `${term.key}@${start}` };
  if (term.name === 'idle-drift') return { ...term, key: term.key.replace(/@.*$/, '') };
  return term;
}

/** `gross` and `net` are the same blocks' other figures. */
export function repeatedEnergy(
  blocks: BlockEnergies,
  others: { gross?: BlockEnergies; net?: BlockEnergies },
  how: HowRepeated,
): Energy {
  const first = blocks.energies[0] as Energy;
  if (first.status === 'unsupported') return first;
  const n = blocks.energies.length;
  if (n === 1) return { ...first, repeats: { ...how.repeats, leftOut: 0 } };
  const figures = blockFigures(blocks);
  const leftOut = n - figures.length;
  const mean = figures.length > 0 ? meanOfBlocks(figures, how.alpha, repeatsKey(first, blocks)) : undefined;
  const quantityOf = (other: BlockEnergies | undefined): Quantity | undefined => {
    const some = other ? blockFigures(other) : [];
    return some.length > 0 ? asQuantity(meanOfBlocks(some, how.alpha, ''), n) : undefined;
  };
  const gross = quantityOf(others.gross);
  const net = quantityOf(others.net);
  const { statistics } = mean ?? {};
  const common = {
    id: first.id,
    scope: first.scope,
    kind: first.kind,
    method: `${first.method}; ${methodOf(how, mean)}`,
    budget: mean && first.budget ? { ...first.budget, terms: scaled(mean.terms, n) } : null,
    ...(first.figures ? { figures: first.figures } : {}),
    ...(gross ? { gross } : {}),
    ...(net ? { net } : {}),
    repeats: {
      ...how.repeats,
      leftOut,
      ...(statistics
        ? { effectiveBlocks: statistics.effectiveBlocks, autocorrelation: statistics.autocorrelation }
        : {}),
    },
  };
  const figure = mean && asQuantity(mean, n);
  if (leftOut > MOST_LEFT_OUT * n || figure === undefined) {
    const { cause, reason } = commonCause(blocks.energies);
    const { unit: _, ...value } = figure ?? { unit: 'J' };
    return {
      ...common,
      status: 'suspect',
      ...value,
      unit: 'J',
      cause,
      reason: `${leftOut} of ${n} blocks: ${reason}`,
    };
  }
  const resolved = figure.uncertainty <= 0.5 * Math.abs(figure.value);
  return { ...common, status: resolved ? 'ok' : 'below-resolution', ...figure, unit: 'J' };
}

function repeatsKey(first: Measured, { starts }: BlockEnergies): string {
  return `repeats:${first.id}@${starts[0]}`;
}

function methodOf({ repeats: { mode, blocks, runsPerBlock } }: HowRepeated, mean?: RepeatedFigure): string {
  const runs = mode === 'burst' && runsPerBlock === 1 ? 'bursts' : `blocks of ${runsPerBlock} runs`;
  return `${blocks} ${runs}, ${mean?.statistics ? 'interval from their scatter' : 'intervals of their own'}`;
}

function asQuantity(mean: RepeatedFigure, n: number): Quantity {
  const value = n * mean.value;
  const uncertainty = n * mean.uncertainty;
  return { value, uncertainty, combinedUncertainty: combined(uncertainty, value), unit: 'J' };
}

function scaled(terms: readonly BudgetTerm[], factor: number): BudgetTerm[] {
  return terms.map((term) => ({ ...term, uncertainty: factor * term.uncertainty }));
}

function commonCause(energies: readonly Energy[]): { cause: SuspectCause; reason: string } {
  const counts = new Map<SuspectCause, { count: number; reason: string }>();
  for (const energy of energies) {
    if (energy.status !== 'suspect') continue;
    const { cause, reason } = energy;
    counts.set(cause, { count: (counts.get(cause)?.count ?? 0) + 1, reason });
  }
  const [most] = [...counts].sort((a, b) => b[1].count - a[1].count);
  return most
    ? { cause: most[0], reason: most[1].reason }
    : { cause: 'no-update', reason: suspectReason('no-update') };
}
