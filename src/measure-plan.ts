import { invalidArgument, MicrojouleError } from './errors.js';
import type { MeasureOptions } from './types/measure.js';

const DEFAULT_DURATION_MS = 5000;
const DEFAULT_WARMUP = 10;
const DEFAULT_IDLE_MS = 1000;
const MAX_REPETITIONS = 100_000_000;

/** How long to run and with how much quiet time, every default filled in. */
export interface MeasurePlan {
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
  const { repetitions, minDurationMs, target } = options;
  const chosen = [repetitions, minDurationMs, target].filter((x) => x !== undefined).length;
  if (chosen > 1) {
    throw invalidArgument(
      'Only one of repetitions, minDurationMs and target can be given.',
      'Leave out the others.',
    );
  }
  refuseUnsupported(options);
  const length = lengthOf(options, countersReadable);
  const idle = idleOf(options);
  return {
    ...length,
    maxDurationMs: number('maxDurationMs', options.maxDurationMs, Number.POSITIVE_INFINITY),
    warmup: wholeNumber('warmup', options.warmup, DEFAULT_WARMUP, 0),
    ...idle,
  };
}

function lengthOf(
  { repetitions, minDurationMs, target }: MeasureOptions,
  countersReadable: boolean,
): Pick<MeasurePlan, 'repetitions' | 'minDurationMs' | 'sentence'> {
  if (repetitions !== undefined) {
    const n = wholeNumber('repetitions', repetitions, 0, 1);
    return { repetitions: n, minDurationMs: 0, sentence: `${n} runs, as asked.` };
  }
  if (target !== undefined) {
    const u = target.relativeUncertainty;
    if (!(typeof u === 'number' && u > 0 && u < 1)) {
      throw invalidArgument(`target.relativeUncertainty must lie between 0 and 1, not ${String(u)}.`, 'Give 0.02 for 2 %.');
    }
    if (countersReadable) {
      throw new MicrojouleError(
        'not-supported',
        'This version has no planner yet that sizes a measurement for a target uncertainty.',
        'Use { minDurationMs } or { repetitions }, and read the uncertainty of the result.',
      );
    }
    return {
      repetitions: 0,
      minDurationMs: DEFAULT_DURATION_MS,
      sentence: `No energy counter can be read here, so no target can be met: runs for ${DEFAULT_DURATION_MS} ms instead.`,
    };
  }
  const ms = number('minDurationMs', minDurationMs, DEFAULT_DURATION_MS);
  const asked = minDurationMs === undefined ? 'the default' : 'as asked';
  return { repetitions: 0, minDurationMs: ms, sentence: `Runs for at least ${ms} ms, ${asked}.` };
}

function refuseUnsupported({ mode, dataPath }: MeasureOptions): void {
  oneOf('mode', mode, ['sustained', 'burst', 'auto']);
  oneOf('dataPath', dataPath, ['host', 'pinned', 'device']);
  if (mode === 'burst') {
    throw new MicrojouleError(
      'not-supported',
      'Bursts are not measured by this version: runs go back to back.',
      "Leave out mode, or give 'sustained'.",
    );
  }
  if (dataPath === 'pinned' || dataPath === 'device') {
    throw new MicrojouleError(
      'not-supported',
      `The data path '${dataPath}' is not offered by this version: inputs and outputs live in host memory.`,
      "Leave out dataPath, or give 'host'.",
    );
  }
}

function idleOf({ idle }: MeasureOptions): Pick<MeasurePlan, 'idleBeforeMs' | 'idleAfterMs'> {
  if (idle === false) return { idleBeforeMs: 0, idleAfterMs: 0 };
  return {
    idleBeforeMs: number('idle.beforeMs', idle?.beforeMs, DEFAULT_IDLE_MS),
    idleAfterMs: number('idle.afterMs', idle?.afterMs, DEFAULT_IDLE_MS),
  };
}

function oneOf(name: string, value: string | undefined, allowed: string[]): void {
  if (value === undefined || allowed.includes(value)) return;
  throw invalidArgument(`${name} must be one of ${allowed.join(', ')}, not '${String(value)}'.`);
}

function number(name: string, value: number | undefined, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value !== 'number' || Number.isNaN(value) || value < 0) {
    throw invalidArgument(`${name} must be a number of milliseconds, 0 or more, not ${String(value)}.`);
  }
  return value;
}

function wholeNumber(name: string, value: number | undefined, fallback: number, least: number): number {
  if (value === undefined) return fallback;
  if (!Number.isSafeInteger(value) || value < least || value > MAX_REPETITIONS) {
    throw invalidArgument(`${name} must be a whole number from ${least} to ${MAX_REPETITIONS}, not ${String(value)}.`);
  }
  return value;
}
