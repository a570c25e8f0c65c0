// How many blocks a target takes: a pilot, a number fixed from it, at most one extension. Pure functions of block figures.
import { halfWidthOf } from '../budget.js';
import { halfWidth } from './block-statistics.js';
import { type BlockFigure, meanOfBlocks, type RepeatedFigure } from './repeats.js';
import { studentT } from './student.js';

export const PILOT_BLOCKS = 10;

/**
 * 1 - level of every interval of a planned measurement. It may be given after the planned number of blocks or after the
 * extension, and its own width decides which: two looks, which at 0.05 each would miss more often than 0.05. The levels are
 * equal (Pocock 1977, Biometrika 64, 191-199: 0.0294 for two looks), because nearly all measurements end at the first;
 * O'Brien and Fleming's 0.005 there would make the usual interval a quarter wider to spare the rare one.
 */
export const PLANNED_ALPHA = 0.0294;

// Ten blocks tell little of their correlation: for the plan it counts for so much at most, and the extension sees to the rest.
const LARGEST_PILOT_INFLATION = 3;
// The extension is the last: as many blocks as suffice in nine cases of ten, given how well the scatter is known...
const NORMAL_90 = 1.28;
// ...and no more than so many times those that there are.
const LARGEST_GROWTH = 4;

export type Stage = 'pilot' | 'planned' | 'extended';

export type Outcome =
  /** The interval is as narrow as asked for. */
  | 'reached'
  /** What the blocks have in common is wider than the target: no number of them would do. */
  | 'unreachable'
  /** `maxDurationMs` was over before. */
  | 'out-of-time'
  /** Wider than the target even after the extension. */
  | 'missed';

export type Step =
  | { next: 'run'; stage: Stage; blocks: number; wanted: number }
  | { next: 'stop'; outcome: Outcome; wanted: number };

export interface Progress {
  stage: Stage;
  figures: readonly BlockFigure[];
  /** Half-width over value. */
  relative: number;
  /** Blocks that there is time for, those taken included. */
  most: number;
}

/** What to do after the blocks of a stage: all its numbers are of blocks in total. */
export function nextStep({ stage, figures, relative, most }: Progress): Step {
  const n = figures.length;
  const mean = meanOfBlocks(figures, PLANNED_ALPHA, '');
  const stop = (outcome: Outcome, wanted = n): Step => ({ next: 'stop', outcome, wanted });
  if (mean.value !== 0 && mean.uncertainty <= relative * Math.abs(mean.value)) return stop('reached');
  const { statistics } = mean;
  if (statistics === undefined) return stop('out-of-time');
  const repeats = halfWidth(statistics, PLANNED_ALPHA);
  // The target hangs on a mean that is not well known yet: it is out of reach where the upper end of it is.
  const room =
    roomForScatter(mean, relative * Math.abs(mean.value)) ||
    roomForScatter(mean, relative * (Math.abs(mean.value) + repeats));
  if (room === 0) return stop('unreachable');
  if (stage === 'extended') return stop('missed');
  const inflation = Math.min(LARGEST_PILOT_INFLATION, n / statistics.effectiveBlocks);
  const wanted =
    stage === 'pilot'
      ? // Stein's two stages (1945, Annals of Mathematical Statistics 16, 243-258): t with the pilot's degrees of freedom.
        inflation * ((studentT(PLANNED_ALPHA, n - 1) * statistics.scatter) / room) ** 2
      : Math.min(LARGEST_GROWTH, assured(statistics.degrees) * (repeats / room) ** 2) * n;
  const blocks = Math.max(n + 1, Math.ceil(wanted));
  if (most <= n) return stop('out-of-time', blocks);
  return {
    next: 'run',
    stage: stage === 'pilot' ? 'planned' : 'extended',
    blocks: Math.min(blocks, most),
    wanted: blocks,
  };
}

/** Half-width that a target leaves to the scatter of the mean, once the terms in common have had their part; 0: none. */
export function roomForScatter(mean: RepeatedFigure, target: number): number {
  const shared = mean.terms.filter((term) => term.name !== 'repeats');
  const linear = halfWidthOf(shared.filter((term) => term.distribution === 'two-point'));
  const rest = halfWidthOf(shared.filter((term) => term.distribution !== 'two-point'));
  const left = target - linear;
  return left > rest ? Math.sqrt(left * left - rest * rest) : 0;
}

function assured(degrees: number): number {
  return 1 + NORMAL_90 * Math.sqrt(2 / degrees);
}
