import { noDevice } from './binding.js';
import { checkKeys, choice, finiteNumber, plainObject, wholeNumber } from './check-options.js';
import { readTurn, TURN_KEYS, type TurnWanted } from './device-turn.js';
import { invalidArgument, MicrojouleError } from './errors.js';
import { DEFAULT_DURATION_MS, LENGTH_KEYS, type Length, readLength } from './length-options.js';
import type { EnergyKind } from './types/energy.js';
import type { DataPath, MeasureOptions } from './types/measure.js';

const DEFAULT_WARMUP = 10;
const MAX_WARMUP = 100_000_000;

const OPTIONS = [
  ...LENGTH_KEYS,
  ...TURN_KEYS,
  'warmup',
  'idle',
  'kind',
  'dataPath',
  'meter',
  'signal',
  'timeoutMs',
  'onProgress',
];

/** Quiet time on one side of a block, ms; undefined: as much as the blocks need. */
export interface Quiet {
  beforeMs: number | undefined;
  afterMs: number | undefined;
}

/** What a measurement of a session is asked for, every default filled in that does not hang on the run time. */
export interface MeasurePlan extends Length {
  warmup: number;
  idle: Quiet;
  kind: EnergyKind;
  dataPath: DataPath;
  turn: TurnWanted;
}

/** What of a session decides where its tensors may lie. */
export interface DataPaths {
  /** It runs on a CUDA device. */
  onDevice: boolean;
  /** It replays a CUDA graph. */
  graph: boolean;
}

/** `unreadable`: why no target can be met here, where that is so. */
export function planMeasurement(
  options: MeasureOptions,
  unreadable?: string,
  paths: DataPaths = { onDevice: false, graph: false },
): MeasurePlan {
  checkKeys('option of measure:', options, OPTIONS);
  const dataPath = readDataPath(options, paths);
  const idle = readQuiet(options);
  const quiet = idle.beforeMs !== 0 || idle.afterMs !== 0;
  const kind = choice('kind', options.kind ?? (quiet ? 'caused' : 'window'), {
    window: 'window' as const,
    caused: 'caused' as const,
  });
  const length = readLength(options, { minDurationMs: DEFAULT_DURATION_MS }, unreadable);
  if (length.mode === 'burst' && (idle.beforeMs === 0 || idle.afterMs === 0)) {
    throw invalidArgument('A burst has quiet time on both sides.', "Leave out idle, or mode: 'burst'.");
  }
  return {
    ...length,
    warmup: wholeNumber('warmup', options.warmup ?? DEFAULT_WARMUP, 0, MAX_WARMUP),
    idle,
    kind,
    dataPath,
    turn: readTurn(options),
  };
}

function readDataPath(options: MeasureOptions, { onDevice, graph }: DataPaths): DataPath {
  const dataPath = choice('dataPath', options.dataPath ?? (graph ? 'device' : 'host'), {
    host: 'host' as const,
    pinned: 'pinned' as const,
    device: 'device' as const,
  });
  if (dataPath !== 'host' && !onDevice) throw noDevice(`data path '${dataPath}'`);
  if (graph && dataPath !== 'device') {
    throw new MicrojouleError(
      'not-supported',
      `A session with a CUDA graph has the data path 'device', not '${dataPath}'.`,
      'Leave out dataPath, or make the session without enableGraphCapture.',
    );
  }
  return dataPath;
}

export function readQuiet({ idle }: Pick<MeasureOptions, 'idle'>): Quiet {
  if (idle === false) return { beforeMs: 0, afterMs: 0 };
  if (idle === undefined) return { beforeMs: undefined, afterMs: undefined };
  checkKeys('option idle.', plainObject('idle', idle), ['beforeMs', 'afterMs']);
  const side = (name: string, ms: number | undefined) =>
    ms === undefined ? undefined : finiteNumber(`idle.${name}`, ms);
  return { beforeMs: side('beforeMs', idle.beforeMs), afterMs: side('afterMs', idle.afterMs) };
}
