import { checkKeys, choice, finiteNumber, plainObject, wholeNumber } from './check-options.js';
import { invalidArgument, MicrojouleError } from './errors.js';
import type { MeasureOptions } from './types/measure.js';

const DEFAULT_DURATION_MS = 5000;
const DEFAULT_WARMUP = 10;
const DEFAULT_IDLE_MS = 1000;
const MAX_REPETITIONS = 100_000_000;

const OPTIONS = [
  'repetitions',
  'minDurationMs',
  'target',
  'maxDurationMs',
  'mode',
  'warmup',
  'idle',
  'kind',
  'dataPath',
  'meter',
  'signal',
  'timeoutMs',
  'onProgress',
];

/** How long to run and with how much quiet time, every default filled in. */
export interface MeasurePlan {
  /** 0: until `minDurationMs` has passed. */
  repetitions: number;
  minDurationMs: number;
  maxDurationMs: number;
  warmup: number;
  idleBeforeMs: number;
  idleAfterMs: number;
  sentence: string;
}

/** Checks the options that say how long to run; `countersReadable` decides what a target can mean. */
export function planMeasurement(options: MeasureOptions, countersReadable: boolean): MeasurePlan {
  checkKeys('option of measure:', options, OPTIONS);
  const { repetitions, minDurationMs, target, maxDurationMs, warmup } = options;
  if ([repetitions, minDurationMs, target].filter((x) => x !== undefined).length > 1) {
    throw invalidArgument(
      'Only one of repetitions, minDurationMs and target can be given.',
      'Leave out the others.',
    );
  }
  checkMode(options);
  return {
    ...lengthOf(options, countersReadable),
    maxDurationMs: maxDurationMs === undefined ? Infinity : finiteNumber('maxDurationMs', maxDurationMs),
    warmup: wholeNumber('warmup', warmup ?? DEFAULT_WARMUP, 0, MAX_REPETITIONS),
    ...idleOf(options),
  };
}

function lengthOf(
  { repetitions, minDurationMs, target }: MeasureOptions,
  countersReadable: boolean,
): Pick<MeasurePlan, 'repetitions' | 'minDurationMs' | 'sentence'> {
  if (repetitions !== undefined) {
    const n = wholeNumber('repetitions', repetitions, 1, MAX_REPETITIONS);
    return { repetitions: n, minDurationMs: 0, sentence: `${n} runs, as asked.` };
  }
  if (target !== undefined) return lengthForTarget(target, countersReadable);
  const ms = finiteNumber('minDurationMs', minDurationMs ?? DEFAULT_DURATION_MS);
  const why = minDurationMs === undefined ? 'the default' : 'as asked';
  return { repetitions: 0, minDurationMs: ms, sentence: `Runs for at least ${ms} ms, ${why}.` };
}

function lengthForTarget(target: NonNullable<MeasureOptions['target']>, countersReadable: boolean) {
  const u = finiteNumber('target.relativeUncertainty', plainObject('target', target).relativeUncertainty);
  if (u <= 0 || u >= 1) {
    throw invalidArgument(
      `target.relativeUncertainty must lie between 0 and 1, not ${u}.`,
      'Give 0.02 for 2 %.',
    );
  }
  if (countersReadable) {
    throw new MicrojouleError(
      'not-supported',
      'This version has no planner that sizes a measurement for a target uncertainty.',
      'Use { minDurationMs } or { repetitions }, and read the uncertainty of the result.',
    );
  }
  return {
    repetitions: 0,
    minDurationMs: DEFAULT_DURATION_MS,
    sentence: `No energy counter can be read here, so no target can be met: runs for ${DEFAULT_DURATION_MS} ms instead.`,
  };
}

function checkMode({ mode = 'sustained', dataPath = 'host', kind = 'caused' }: MeasureOptions): void {
  choice('kind', kind, { window: true, caused: true });
  choice('mode', mode, { sustained: true, burst: true, auto: true });
  choice('dataPath', dataPath, { host: true, pinned: true, device: true });
  if (mode === 'burst') {
    throw new MicrojouleError(
      'not-supported',
      'Bursts are not measured by this version: runs go back to back.',
      "Leave out mode, or give 'sustained'.",
    );
  }
  if (dataPath !== 'host') {
    throw new MicrojouleError(
      'not-supported',
      `The data path '${dataPath}' is not offered by this version: inputs and outputs live in host memory.`,
      "Leave out dataPath, or give 'host'.",
    );
  }
}

function idleOf({ idle }: MeasureOptions): Pick<MeasurePlan, 'idleBeforeMs' | 'idleAfterMs'> {
  if (idle === false) return { idleBeforeMs: 0, idleAfterMs: 0 };
  if (idle !== undefined) checkKeys('option idle.', plainObject('idle', idle), ['beforeMs', 'afterMs']);
  return {
    idleBeforeMs: finiteNumber('idle.beforeMs', idle?.beforeMs ?? DEFAULT_IDLE_MS),
    idleAfterMs: finiteNumber('idle.afterMs', idle?.afterMs ?? DEFAULT_IDLE_MS),
  };
}
