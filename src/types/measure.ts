import type { Conditions, EnergyKind, EnergyReport, IdleReport, Mark, Timeline } from './energy.js';
import type { EngineReport } from './engine.js';
import type { AbortSignalLike, Block, BlockOptions, Plan, Sham, Target } from './meter.js';
import type { Placement, SkippedProvider } from './onnx.js';
import type { Precision } from './precision.js';

/**
 * How long to run: exactly one of `repetitions`, `minDurationMs` and `target`; default `minDurationMs: 5000`, of bursts
 * 10 `repetitions`.
 */
export interface MeasureOptions<M = unknown> extends BlockOptions {
  repetitions?: number;
  minDurationMs?: number;
  target?: Target;
  /** Runs are stopped after this time, whatever the target. Default none; with a target ten minutes. */
  maxDurationMs?: number;
  /** Runs before anything is measured. Default 10. */
  warmup?: number;
  /**
   * Quiet time on both sides, with the model resident; false: none, and the figure is `window`. Default 1000 each, of
   * many blocks five periods of the counter.
   */
  idle?: { beforeMs?: number; afterMs?: number } | false;
  kind?: EnergyKind;
  /**
   * Where inputs and outputs live in the timed loop. 'host': ordinary memory, copied to the device and back in each
   * run; 'pinned': the same from and to page-locked memory; 'device': bound once in the device's memory, and nothing
   * is copied. Default 'host', of a session with a graph 'device', which is the only one it has. 'pinned' and 'device'
   * need a CUDA device.
   */
  dataPath?: DataPath;
  /**
   * Keeps runs of other sessions of this process off the device meanwhile, whichever thread they are in: they wait, and go on
   * afterwards. Measurements of one device wait for each other in any case. Default false: such runs go on, and make the
   * energy `suspect`.
   */
  exclusive?: boolean;
  /** How long to wait for other measurements of the device; then `timeout`. Default: as long as it takes. */
  turnTimeoutMs?: number;
  meter?: M;
  signal?: AbortSignalLike;
  timeoutMs?: number;
  onProgress?: (progress: MeasureProgress) => void;
}

export interface MeasureProgress {
  phase: 'warm-up' | 'idle-before' | 'running' | 'idle-after' | 'sham' | 'resolving';
  repetitions: number;
  elapsedMs: number;
  /** Blocks done, and how many there are to be as far as is known by now. */
  blocks: { done: number; planned: number };
}

export type DataPath = 'host' | 'pinned' | 'device';

/**
 * Latencies in ms, each taken on the thread that ran the model: from the call of ONNX Runtime to its return, which is
 * when the device is done. With dataPath 'host' and 'pinned' that includes the copies in and out, with 'device' none.
 */
export interface LatencySummary {
  unit: 'ms';
  mean: number;
  min: number;
  max: number;
  p50: number;
  p90: number;
  p99: number;
  standardDeviation: number;
  /** In order, of the first run and of every `durationsEvery`-th from it on. */
  durations: Float64Array;
  /**
   * 1: `durations` has all runs, as it has up to 2,097,152 of them. Of more every second is kept, and so on by powers of
   * two; quantiles are then of the runs kept, everything else of all.
   */
  durationsEvery: number;
}

export interface Versions {
  microjoule: string;
  node: string;
  onnxruntime: string;
  driver: string | null;
}

/** What `session.measure` gives. Plain data but for `outputs`, which are tensors. */
export interface Measurement<O = unknown> {
  repetitions: number;
  warmup: number;
  start: Mark;
  end: Mark;
  /** From start to end; of several blocks their sum, without the quiet time between them. */
  durationMs: number;
  latency: LatencySummary;
  energy: EnergyReport;
  idle: IdleReport;
  conditions: Conditions;
  timeline: Timeline;
  outputs: O;
  /** The provider that the session was asked to run on first, as used. */
  provider: string;
  /** Providers that were passed over (`fallback: true`), and why. */
  skippedProviders?: SkippedProvider[];
  dataPath: DataPath;
  /** The runs replayed a CUDA graph. */
  graph: boolean;
  mode: 'sustained' | 'burst';
  placement: Placement;
  /** Of TensorRT: how its engines came to be. */
  engine?: EngineReport;
  /** What each provider in use may compute in. */
  precision: Record<string, Precision>;
  versions: Versions;
  /** How much was run, and why. */
  plan: Plan;
  /** Each block by itself, where there are several. */
  blocks?: Block[];
  /** What the instrument makes of nothing, where asked for (`sham: true`). */
  sham?: Sham;
}
