// After how many runs a build is paid by what each run saves.

import { compare } from './compare.js';
import { invalidArgument } from './errors.js';
import { blockStatistics, halfWidth } from './planner/block-statistics.js';
import { combined } from './quantity.js';
import type { Budget, Energy, Quantity } from './types/energy.js';
import type { BreakEven, BreakEvenAnswer, BreakEvenSide, BuildCost, PaidFigure } from './types/engine.js';

/** Latencies of neighbouring runs are alike: their mean is judged by the scatter of so many stretches of them. */
const STRETCHES = 30;
const ALPHA = 0.05;

/**
 * After how many runs the energy and the time of building an engine are paid by what a run of `faster` saves against one
 * of `slower`, with 95 % intervals (Fieller). Everything is gross, idle power included: while an engine is built, and
 * between two runs, the board draws it. `scope`: whose energies; default the board of the measurements.
 * What was not measured, or is suspect, leaves an answer that cannot be told. Throws `invalid-argument` for measurements of
 * different modes.
 */
export function breakEven(
  build: Pick<BuildCost, 'durationMs' | 'scopes' | 'board'>,
  slower: BreakEvenSide,
  faster: BreakEvenSide,
  { scope }: { scope?: string } = {},
): BreakEven {
  const id = scope ?? faster.energy.board?.id ?? build.board ?? null;
  if (slower.mode !== faster.mode) {
    throw invalidArgument(
      `The modes differ: ${slower.mode} and ${faster.mode}. They are different quantities.`,
      'Measure both with the same mode.',
    );
  }
  const energy = paidBy(
    grossOf(id === null ? undefined : build.scopes[id]?.gross, 1, 'The energy of the build'),
    grossOf(energyOf(slower, id), slower.repetitions, `The energy of ${slower.provider}`),
    grossOf(energyOf(faster, id), faster.repetitions, `The energy of ${faster.provider}`),
    'energy',
  );
  const whole = { value: build.durationMs, uncertainty: 0, gain: undefined };
  const time = paidBy(whole, meanOf(slower), meanOf(faster), 'time');
  return { scope: id, energy, time, sentence: sentenceOf(build, slower, faster, energy, time) };
}

interface Figure {
  value: number;
  uncertainty: number;
  gain: Budget['gain'] | undefined;
}

function energyOf({ energy }: BreakEvenSide, id: string | null): Energy | undefined {
  if (id === null) return undefined;
  return energy.scopes[id] ?? (energy.board?.id === id ? energy.board : undefined);
}

/** A string says why there is none. */
function grossOf(energy: Energy | undefined, runs: number, name: string): Figure | string {
  if (energy === undefined) return `${name} was not measured.`;
  if (energy.status === 'unsupported') return `${name} was not measured: ${energy.reason}`;
  if (energy.status === 'suspect') return `${name} is suspect: ${energy.reason}`;
  const gross: Pick<Quantity, 'value' | 'uncertainty'> | undefined =
    energy.kind === 'window' ? energy : energy.gross;
  if (gross === undefined) return `${name} has no gross figure.`;
  const { value, uncertainty } = gross;
  return { value: value / runs, uncertainty: uncertainty / runs, gain: energy.budget?.gain };
}

function meanOf({ latency }: BreakEvenSide): Figure | string {
  const { durations, mean } = latency;
  const stretches = Math.min(STRETCHES, durations.length);
  if (stretches < 2) return 'A mean latency with its interval needs two runs or more.';
  const means = Array.from({ length: stretches }, (_, i) => {
    const part = durations.subarray(
      Math.floor((i * durations.length) / stretches),
      Math.floor(((i + 1) * durations.length) / stretches),
    );
    return part.reduce((total, x) => total + x, 0) / part.length;
  });
  return { value: mean, uncertainty: halfWidth(blockStatistics(means), ALPHA), gain: undefined };
}

/** How many times slower - faster go into the whole. Errors of three windows of their own are independent. */
function paidBy(
  whole: Figure | string,
  slower: Figure | string,
  faster: Figure | string,
  what: 'energy' | 'time',
): BreakEvenAnswer {
  if (typeof whole === 'string') return { status: 'cannot-be-told', reason: whole };
  if (typeof slower === 'string') return { status: 'cannot-be-told', reason: slower };
  if (typeof faster === 'string') return { status: 'cannot-be-told', reason: faster };
  const gains = [whole, slower, faster].map(({ gain }) => gain?.key);
  const oneBoard = gains[0] !== undefined && gains.every((key) => key === gains[0]);
  // Of one board and sensor the gain cancels; of two it does not.
  const sizeOf = (figure: Figure) =>
    oneBoard || figure.gain === undefined ? figure.uncertainty : combined(figure.uncertainty, figure.value);
  const saved = {
    value: slower.value - faster.value,
    uncertainty: Math.hypot(sizeOf(slower), sizeOf(faster)),
  };
  return paidAfter(plain(whole.value, sizeOf(whole)), plain(saved.value, saved.uncertainty), what);
}

/**
 * After how many runs what was spent once is paid by what a run saves, for figures of one's own: `breakEven` makes them of
 * measurements. Errors with one correlation key cancel as in `compare`.
 */
export function paidAfter(
  spent: PaidFigure,
  saved: PaidFigure,
  what: 'energy' | 'time' = 'energy',
): BreakEvenAnswer {
  if (saved.value + saved.uncertainty <= 0) {
    return { status: 'never', reason: `A run of the session with the engine takes more ${what}, not less.` };
  }
  const ratio = compare(spent, saved);
  if (ratio.status === 'ok') {
    return { status: 'ok', runs: ratio.ratio, lo: Math.max(0, ratio.lo), hi: ratio.hi };
  }
  const least = (spent.value - spent.uncertainty) / (saved.value + saved.uncertainty);
  return {
    status: 'cannot-be-told',
    ...(least > 0 ? { atLeast: least } : {}),
    reason: `The 95 % interval of the ${what} that a run saves holds 0.`,
  };
}

function plain(value: number, uncertainty: number): Quantity {
  return { value, uncertainty, combinedUncertainty: uncertainty, unit: '1' };
}

function sentenceOf(
  { durationMs }: Pick<BuildCost, 'durationMs'>,
  slower: BreakEvenSide,
  faster: BreakEvenSide,
  energy: BreakEvenAnswer,
  time: BreakEvenAnswer,
): string {
  const build = `the ${(durationMs / 1000).toFixed(1)} s in which the engine of ${faster.provider} was built`;
  return `Against ${slower.provider}, ${build} are paid in energy ${words(energy)}; in time ${words(time)}.`;
}

function words(answer: BreakEvenAnswer): string {
  if (answer.status === 'ok') {
    return `after ${count(answer.runs)} runs (95 %: ${count(answer.lo)} to ${count(answer.hi)})`;
  }
  if (answer.status === 'never') return 'never';
  return answer.atLeast === undefined
    ? 'after a number of runs that cannot be told'
    : `after a number of runs that cannot be told (at least ${count(answer.atLeast)})`;
}

/** Three digits: no interval here is known better. */
function count(runs: number): string {
  if (runs < 1000) return String(Math.ceil(runs));
  return Number(runs.toPrecision(3)).toLocaleString('en-US');
}
