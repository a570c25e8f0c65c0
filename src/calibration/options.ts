// Checks of what calibrate() is asked for before any work begins.
import { checkKeys, finiteNumber, plainObject, truth, wholeNumber } from '../check-options.js';
import { invalidArgument } from '../errors.js';
import { InferenceSession } from '../session.js';
import type { CalibrateOptions, CalibrateProgress } from '../types/calibration.js';
import type { AbortSignalLike } from '../types/meter.js';
import type { Feeds } from '../types/onnx.js';
import type { BurstPlan } from './plan.js';

const LEAST_LENGTHS = 2;
/** Of each length: half of them are held back. */
const LEAST_COUNT = 20;
const MOST_COUNT = 10_000;
const LEAST_BURST_MS = 0.1;

export interface CalibrateRequest extends BurstPlan {
  devices: readonly (string | number)[];
  given: { session: InferenceSession; feeds: Feeds } | undefined;
  disturbance: boolean;
  save: boolean;
  signal: AbortSignalLike | undefined;
  onProgress: (progress: CalibrateProgress) => void;
}

export function calibrateRequest(options: CalibrateOptions | true): CalibrateRequest {
  const given = options === true ? {} : options;
  checkKeys('option of calibrate:', plainObject('calibrate', given), [
    'devices',
    'session',
    'feeds',
    'burstsMs',
    'count',
    'shams',
    'disturbance',
    'seed',
    'save',
    'signal',
    'onProgress',
  ]);
  const { devices = [], onProgress = () => undefined } = given;
  if (!Array.isArray(devices))
    throw invalidArgument('calibrate.devices must be an array of UUIDs or indices.');
  if (typeof onProgress !== 'function') throw invalidArgument('calibrate.onProgress must be a function.');
  return {
    devices: [...devices],
    given: loadOf(given),
    burstsMs: lengthsOf(given.burstsMs),
    count: wholeNumber('calibrate.count', given.count ?? 70, LEAST_COUNT, MOST_COUNT),
    shams: wholeNumber('calibrate.shams', given.shams ?? 20, 0, MOST_COUNT),
    disturbance: truth('calibrate.disturbance', given.disturbance ?? true),
    seed: wholeNumber('calibrate.seed', given.seed ?? 1),
    save: truth('calibrate.save', given.save ?? true),
    signal: given.signal,
    onProgress,
  };
}

function lengthsOf(value: CalibrateOptions['burstsMs'] = [5, 20, 100]): number[] {
  const enough =
    Array.isArray(value) && new Set(value).size === value.length && value.length >= LEAST_LENGTHS;
  if (!enough)
    throw invalidArgument(`calibrate.burstsMs must be an array of ${LEAST_LENGTHS} lengths or more.`);
  return value.map((ms: unknown, i: number) => finiteNumber(`calibrate.burstsMs[${i}]`, ms, LEAST_BURST_MS));
}

function loadOf({ session, feeds }: CalibrateOptions): CalibrateRequest['given'] {
  if (session === undefined && feeds === undefined) return undefined;
  if (!(session instanceof InferenceSession)) {
    throw invalidArgument(
      'calibrate.session must be an InferenceSession.',
      'Its runs are the load; feeds are theirs.',
    );
  }
  return { session, feeds: plainObject('calibrate.feeds', feeds) as Feeds };
}
