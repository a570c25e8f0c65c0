import type { Conditions, EnergyKind, EnergyReport, IdleReport, Mark, Timeline } from './energy.js';
import type { AbortSignalLike, Target } from './meter.js';
import type { SkippedProvider } from './onnx.js';

/** How long to run: exactly one of `repetitions`, `minDurationMs` and `target`; default `minDurationMs: 5000`. */
export interface MeasureOptions<M = unknown> {
  repetitions?: number;
  minDurationMs?: number;
  target?: Target;
  /** Runs are stopped after this time, whatever the target. */
  maxDurationMs?: number;
  mode?: 'sustained' | 'burst' | 'auto';
  /** Runs before anything is measured. Default 10. */
  warmup?: number;
  /** Quiet time on both sides, with the model resident. Default 1000 each; false: none, and the figure is `window`. */
  idle?: { beforeMs?: number; afterMs?: number } | false;
  kind?: EnergyKind;
  /** Where inputs and outputs live in the timed loop. */
  dataPath?: 'host' | 'pinned' | 'device';
  meter?: M;
  signal?: AbortSignalLike;
  timeoutMs?: number;
  onProgress?: (progress: MeasureProgress) => void;
}

export interface MeasureProgress {
  phase: 'warm-up' | 'idle-before' | 'running' | 'idle-after' | 'resolving';
  repetitions: number;
  elapsedMs: number;
}

/** Latencies in ms, each taken on the thread that ran the model. */
export interface LatencySummary {
  unit: 'ms';
  mean: number;
  min: number;
  max: number;
  p50: number;
  p90: number;
  p99: number;
  standardDeviation: number;
  durations: Float64Array;
}

export interface Placement {
  known: boolean;
  /** Node counts by provider, where known. */
  nodes: Record<string, number>;
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
  dataPath: 'host' | 'pinned' | 'device';
  mode: 'sustained' | 'burst';
  placement: Placement;
  versions: Versions;
  /** One sentence on how the length was chosen, or why a target could not be honoured. */
  plan: string;
}
