// How long to measure, as asked for: checks that session.measure and meter.measure have in common.
import { choice, finiteNumber, plainObject, text, truth, wholeNumber } from './check-options.js';
import { invalidArgument } from './errors.js';
import type { BlockOptions, Target } from './types/meter.js';

export const DEFAULT_DURATION_MS = 5000;
/** A target may be far out of reach: without a bound of its own a measurement ends after this. */
const DEFAULT_MOST_WITH_TARGET_MS = 600_000;
/** Bursts where nothing says how many: as many as a pilot has. */
const DEFAULT_BURSTS = 10;
const MAX_REPETITIONS = 100_000_000;

export const LENGTH_KEYS = [
  'repetitions',
  'minDurationMs',
  'target',
  'maxDurationMs',
  'mode',
  'runsPerBlock',
  'sham',
];

export interface LengthOptions extends BlockOptions {
  repetitions?: number;
  minDurationMs?: number;
  target?: Target;
  maxDurationMs?: number;
}

/** Exactly one of `runs`, `minDurationMs` and `target` is there. */
export interface Length {
  mode: 'sustained' | 'burst' | 'auto';
  runs?: number;
  minDurationMs?: number;
  target?: { relative: number; scope: string | undefined };
  maxDurationMs: number;
  runsPerBlock: number | undefined;
  sham: boolean;
  /** One sentence on how it was chosen. */
  sentence: string;
}

/** `fallback` is meant where nothing says how long; `unreadable` says why no target can be met here, where that is so. */
export function readLength(
  options: LengthOptions,
  fallback: { runs: number } | { minDurationMs: number },
  unreadable?: string,
): Length {
  const { repetitions, minDurationMs, target, maxDurationMs } = options;
  if ([repetitions, minDurationMs, target].filter((x) => x !== undefined).length > 1) {
    throw invalidArgument(
      'Only one of repetitions, minDurationMs and target can be given.',
      'Leave out the others.',
    );
  }
  const mode = choice('mode', options.mode ?? 'sustained', {
    sustained: 'sustained' as const,
    burst: 'burst' as const,
    auto: 'auto' as const,
  });
  const runsPerBlock =
    options.runsPerBlock === undefined
      ? undefined
      : wholeNumber('runsPerBlock', options.runsPerBlock, 1, MAX_REPETITIONS);
  const asked = target === undefined ? undefined : readTarget(target);
  const amount = readAmount(options, mode, runsPerBlock ?? 1, fallback);
  const readable = unreadable === undefined;
  const most = asked && readable ? DEFAULT_MOST_WITH_TARGET_MS : Number.POSITIVE_INFINITY;
  return {
    mode: mode === 'auto' && !readable ? 'sustained' : mode,
    ...(asked === undefined ? amount : withTarget(asked, unreadable)),
    maxDurationMs: maxDurationMs === undefined ? most : finiteNumber('maxDurationMs', maxDurationMs),
    runsPerBlock,
    sham: options.sham === undefined ? false : truth('sham', options.sham),
  };
}

type Amount = Pick<Length, 'runs' | 'minDurationMs' | 'target' | 'sentence'>;

function readAmount(
  { repetitions, minDurationMs }: LengthOptions,
  mode: Length['mode'],
  runsPerBlock: number,
  fallback: { runs: number } | { minDurationMs: number },
): Amount {
  if (repetitions !== undefined) {
    const runs = wholeNumber('repetitions', repetitions, 1, MAX_REPETITIONS);
    if (runs % runsPerBlock !== 0) {
      throw invalidArgument(
        `repetitions must be a multiple of runsPerBlock: ${runs} is none of ${runsPerBlock}.`,
      );
    }
    return { runs, sentence: `${runs} ${runs === 1 ? 'run' : 'runs'}, as asked.` };
  }
  if (minDurationMs !== undefined) {
    const ms = finiteNumber('minDurationMs', minDurationMs);
    return { minDurationMs: ms, sentence: `Runs for at least ${ms} ms, as asked.` };
  }
  if (mode === 'burst') {
    return { runs: DEFAULT_BURSTS * runsPerBlock, sentence: `${DEFAULT_BURSTS} bursts, the default.` };
  }
  return 'runs' in fallback
    ? { ...fallback, sentence: `${fallback.runs} run, the default.` }
    : { ...fallback, sentence: `Runs for at least ${fallback.minDurationMs} ms, the default.` };
}

function withTarget(target: NonNullable<Length['target']>, unreadable: string | undefined): Amount {
  if (unreadable === undefined) return { target, sentence: '' };
  return {
    minDurationMs: DEFAULT_DURATION_MS,
    sentence: `${unreadable}, so no target can be met: runs for ${DEFAULT_DURATION_MS} ms instead.`,
  };
}

function readTarget(target: Target): NonNullable<Length['target']> {
  const { relativeUncertainty, scope } = plainObject('target', target) as unknown as Target;
  const relative = finiteNumber('target.relativeUncertainty', relativeUncertainty);
  if (relative <= 0 || relative >= 1) {
    throw invalidArgument(
      `target.relativeUncertainty must lie between 0 and 1, not ${relative}.`,
      'Give 0.02 for 2 %.',
    );
  }
  return { relative, scope: scope === undefined ? undefined : text('target.scope', scope) };
}
