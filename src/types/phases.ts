import type { ErrorCode } from '../errors.js';
import type { Attribution, AttributionTermName } from './attribution.js';
import type { Conditions, Mark, Quantity, Scope, SuspectCause, Timeline } from './energy.js';
import type { LatencySummary, Versions } from './measure.js';
import type { AbortSignalLike } from './meter.js';
import type { Placement, SkippedProvider } from './onnx.js';
import type { Precision } from './precision.js';

export interface PhasesOptions<M = unknown> {
  /** All segments together; default 25 000. They end later where calls are longer than segments. */
  durationMs?: number;
  /** Of the order and the lengths of segments; default 1. */
  seed?: number;
  /** Copies begin and end in page-locked memory of the host; default false: ordinary memory. */
  pinned?: boolean;
  /** Whole inferences before anything is measured. Default 10. */
  warmup?: number;
  /** As of `measure`: other sessions of this process wait meanwhile. Default false. */
  exclusive?: boolean;
  /** As of `measure`: how long it may take until the device's other measurements are done. */
  turnTimeoutMs?: number;
  meter?: M;
  signal?: AbortSignalLike;
  /** How long to wait for the counter's update after the last segment; default three of its periods. */
  timeoutMs?: number;
  onProgress?: (progress: PhasesProgress) => void;
}

export interface PhasesProgress {
  phase: 'warm-up' | 'running' | 'resolving';
  /** Calls of any kind. */
  calls: number;
  elapsedMs: number;
  segments: { done: number; planned: number };
}

/** What one segment does, back to back. */
export type SegmentKind = 'host-to-device' | 'compute' | 'device-to-host' | 'whole' | 'idle';

/** A figure with a status of its own: `below-resolution` where its interval is wider than half of it. */
export type PhaseFigure = Quantity & { status: 'ok' | 'below-resolution' };

export interface PhaseTerm {
  /** As of an attribution; `call-time`: how long a call takes changes from segment to segment. */
  name: AttributionTermName | 'call-time';
  /** Contribution to the half-width of the 95 % interval, in J. */
  uncertainty: number;
}

interface PhaseEnergyCommon {
  /** Scope and index: 'board-0', 'package-1'. */
  id: string;
  scope: Scope;
}

interface PhaseEnergyFigures {
  /** Mean power while this ran back to back, W. */
  power: PhaseFigure;
  /** Energy of one call, idle included, J: that power times the mean time of a call. */
  gross: PhaseFigure;
  /** The same above the idle power of this sitting; not there where idle cannot be told from the rest. */
  net?: PhaseFigure;
  /** Of `gross`. */
  budget: { coverage: 0.95; terms: PhaseTerm[] };
}

/** `status` is that of `gross`. */
export type MeasuredPhaseEnergy = PhaseEnergyCommon &
  PhaseEnergyFigures & { status: 'ok' | 'below-resolution' };

export type SuspectPhaseEnergy = PhaseEnergyCommon &
  Partial<PhaseEnergyFigures> & { status: 'suspect'; cause: SuspectCause; reason: string };

/** The counter was read, but its intervals do not show this kind of segment apart from the others. */
export type UnidentifiedPhaseEnergy = PhaseEnergyCommon & {
  status: 'not-identifiable';
  reason: string;
  remedy: string;
};

export type UnsupportedPhaseEnergy = PhaseEnergyCommon & {
  status: 'unsupported';
  code: ErrorCode;
  reason: string;
  remedy?: string;
};

export type PhaseEnergy =
  | MeasuredPhaseEnergy
  | SuspectPhaseEnergy
  | UnidentifiedPhaseEnergy
  | UnsupportedPhaseEnergy;

/** One phase, or the whole inference, run back to back in segments of its own. */
export interface InferencePhase {
  segments: number;
  calls: number;
  /** All its segments together. */
  durationMs: number;
  /** Mean time of a call, ms: its segments over its calls. */
  timePerCall: Quantity;
  /** Of the single calls. */
  latency: LatencySummary;
  /** Of the same phase within the whole inferences; of the whole not there. */
  inside?: LatencySummary;
  /** Copied in one call; of the copies only. */
  bytes?: number;
  scopes: Record<string, PhaseEnergy>;
  /** Of the session's own device. */
  board?: PhaseEnergy;
}

/** The three phases added up against the whole inferences of the same sitting. */
export interface Closure {
  sum: Quantity;
  whole: Quantity;
  /** `sum` less `whole`, with the covariance of all four. */
  difference: Quantity;
  /** `difference` over `whole`. */
  relative: number;
  /** The interval of the difference holds zero. */
  closes: boolean;
}

export type EnergyClosure =
  | (PhaseEnergyCommon & { status: 'closed' | 'open'; gross: Closure; net?: Closure })
  | (PhaseEnergyCommon & { status: 'unknown'; reason: string });

export interface PhasesClosure {
  /** What the figures of single phases suppose. */
  assumption: string;
  time: Closure;
  scopes: Record<string, EnergyClosure>;
  /** Of the session's own device. */
  board?: EnergyClosure;
  /** Sentences for the person who reads the figures. */
  notes: string[];
}

export interface PhasesPlan {
  seed: number;
  segments: number;
  /** Each holds every kind four times, and once after each of the other kinds. */
  cycles: number;
  /** Mean length that was meant. */
  segmentMs: number;
  sentence: string;
}

export interface PhaseSegment {
  kind: SegmentKind;
  start: Mark;
  end: Mark;
  calls: number;
}

/** What `session.measurePhases` gives. Plain data but for `outputs`, which are tensors. */
export interface PhasesMeasurement<O = unknown> {
  phases: {
    hostToDevice: InferencePhase;
    compute: InferencePhase;
    deviceToHost: InferencePhase;
  };
  whole: InferencePhase;
  closure: PhasesClosure;
  /** Power between the segments of work, W, by scope; not there where it cannot be told from theirs. */
  idle: { segments: number; durationMs: number; scopes: Record<string, PhaseFigure> };
  /** What the figures were made from. */
  attribution: Attribution;
  segments: PhaseSegment[];
  start: Mark;
  end: Mark;
  durationMs: number;
  conditions: Conditions;
  timeline: Timeline;
  outputs: O;
  provider: string;
  /** Providers that were passed over (`fallback: true`), and why. */
  skippedProviders?: SkippedProvider[];
  hostMemory: 'pageable' | 'pinned';
  /** `compute` replayed a CUDA graph. */
  graph: boolean;
  placement: Placement;
  /** What each provider in use may compute in. */
  precision: Record<string, Precision>;
  versions: Versions;
  plan: PhasesPlan;
  /** True where the counters are the labelled fake of the demo or of tests. */
  simulated: boolean;
}
