import { checkKeys, finiteNumber, plainObject, truth, wholeNumber } from '../check-options.js';
import { readTurn, TURN_KEYS, type TurnWanted } from '../device-turn.js';
import { invalidArgument, MicrojouleError } from '../errors.js';
import { Meter } from '../meter.js';
import type { PhasesOptions } from '../types/phases.js';

const DEFAULT_DURATION_MS = 25_000;
const LEAST_DURATION_MS = 2000;
const DEFAULT_WARMUP = 10;
const MAX_WARMUP = 100_000_000;
const MAX_SEED = 2 ** 31 - 1;
/** The attribution reads the counter's steps of the whole sitting, and has to find them still there. */
const SHARE_OF_HISTORY = 0.75;

const OPTIONS = [
  'durationMs',
  'seed',
  'pinned',
  'warmup',
  'meter',
  'signal',
  'timeoutMs',
  'onProgress',
  ...TURN_KEYS,
];

export interface PhasesRequest {
  durationMs: number;
  seed: number;
  pinned: boolean;
  warmup: number;
  turn: TurnWanted;
}

/** Every default filled in. */
export function readPhasesOptions(options: PhasesOptions<Meter>): PhasesRequest {
  checkKeys('option of measurePhases:', plainObject('options', options), OPTIONS);
  if (options.meter !== undefined && !(options.meter instanceof Meter)) {
    throw invalidArgument('meter must be a Meter.', 'Open one with await Meter.open().');
  }
  return {
    durationMs: finiteNumber('durationMs', options.durationMs ?? DEFAULT_DURATION_MS, LEAST_DURATION_MS),
    seed: wholeNumber('seed', options.seed ?? 1, 0, MAX_SEED),
    pinned: truth('pinned', options.pinned ?? false),
    turn: readTurn(options),
    warmup: wholeNumber('warmup', options.warmup ?? DEFAULT_WARMUP, 0, MAX_WARMUP),
  };
}

export function requireDevice(device: object | null): void {
  if (device !== null) return;
  throw new MicrojouleError(
    'not-supported',
    'An inference on the processor has no phases to tell apart: nothing is copied to a device or from it.',
    "Make the session with executionProviders: ['cuda'] or ['tensorrt'], or use session.measure.",
  );
}

export function requireHistory(durationMs: number, historyMs: number): void {
  if (durationMs <= SHARE_OF_HISTORY * historyMs) return;
  throw invalidArgument(
    `The meter keeps ${historyMs / 1000} s at full resolution, too little to tell phases of ${durationMs / 1000} s apart afterwards.`,
    `Open it with historySeconds: ${Math.ceil(durationMs / SHARE_OF_HISTORY / 1000)}, or give a shorter durationMs.`,
  );
}
