import type { ErrorCode } from '../errors.js';
import type { FiguresUsed } from './calibration.js';

/** An instant: nanoseconds of CLOCK_MONOTONIC, as `process.hrtime.bigint()` gives on Linux. */
export type Mark = bigint;

/**
 * What a counter covers. Scopes may contain one another (a platform holds its packages), so only
 * disjoint ones are ever added.
 */
export type Scope =
  | 'board'
  | 'module'
  | 'gpu-memory'
  | 'cpu-package'
  | 'cpu-core'
  | 'cpu-uncore'
  | 'dram'
  | 'platform';

/**
 * `window`: integral of power from a to b (gross).
 * `caused`: integral of power above idle from a until its effect has died away.
 * The two differ by idle energy and by the tail; they are never mixed and never compared.
 */
export type EnergyKind = 'window' | 'caused';

/** A number with its unit and the half-width of its 95 % interval. */
export interface Quantity {
  value: number;
  /** Half-width of the 95 % interval, for comparisons on the same board and sensor. */
  uncertainty: number;
  /** As `uncertainty`, with the gain of the board included: for absolute statements. */
  combinedUncertainty: number;
  /** The interval's ends where it is not symmetric about `value`. */
  lo?: number;
  hi?: number;
  unit: 'J' | 'W' | 'ms' | '1';
}

/** One contribution to an uncertainty. */
export interface BudgetTerm {
  name: BudgetTermName;
  /** Contribution to the half-width of the 95 % interval, in J. */
  uncertainty: number;
  distribution: 'normal' | 'rectangular' | 'two-point';
  /** Terms with one key are fully correlated: they add linearly and repeats do not shrink them. */
  key: string;
}

export type BudgetTermName =
  | 'edge-timing'
  | 'accumulation'
  | 'cut-interval'
  | 'quantum'
  | 'idle-level'
  | 'idle-drift'
  | 'samples'
  | 'mark-delay'
  | 'kernel'
  | 'phase'
  | 'coverage'
  | 'repeats'
  | 'prior'
  | 'filter';

export interface Budget {
  coverage: 0.95;
  terms: BudgetTerm[];
  /** Relative half-width of the board's gain; in `combinedUncertainty` only. */
  gain: { relative: number; distribution: 'rectangular'; key: string };
}

/** Why a figure is `suspect`. */
export type SuspectCause =
  | 'counter-reset'
  | 'counter-backwards'
  | 'counter-stuck'
  | 'counter-jump'
  | 'wrap-ambiguous'
  | 'history-lost'
  | 'clock-step'
  | 'device-lost'
  | 'idle-state-changed'
  | 'other-work'
  | 'no-update'
  | 'inconsistent';

interface EnergyCommon {
  /** Scope and index: 'board-0', 'package-1', 'dram-0'. */
  id: string;
  scope: Scope;
  kind: EnergyKind;
  /** Which counters and which estimator gave the figure. */
  method: string;
  /** `null` where nothing was measured. */
  budget: Budget | null;
  /** Which figures of the counter it was made with; absent of sums, and where nothing was measured. */
  figures?: FiguresUsed;
  /** Integral of power over the window, idle included. */
  gross?: Quantity;
  /** Energy caused above idle; may be negative, its interval is not clipped. */
  net?: Quantity;
  /** Of a figure of `measure`: the blocks of runs that it is the energy of. */
  repeats?: Repeats;
}

/**
 * Blocks of runs, each with quiet time of its own. k runs back to back and k separate bursts are different quantities:
 * they are never pooled, and `compare` refuses them.
 */
export interface Repeats {
  mode: 'sustained' | 'burst';
  blocks: number;
  runsPerBlock: number;
  /** Blocks that were suspect, and that the figure is not made from. */
  leftOut: number;
  /** Where the interval comes from the scatter of the blocks: so many independent ones would give the same. */
  effectiveBlocks?: number;
  /** Of neighbouring blocks. */
  autocorrelation?: number;
}

export type MeasuredEnergy = EnergyCommon & {
  status: 'ok' | 'below-resolution';
  value: number;
  uncertainty: number;
  combinedUncertainty: number;
  lo?: number;
  hi?: number;
  unit: 'J';
  perInference?: Quantity;
};

export type SuspectEnergy = EnergyCommon & {
  status: 'suspect';
  value?: number;
  uncertainty?: number;
  combinedUncertainty?: number;
  unit: 'J';
  cause: SuspectCause;
  /** One sentence. */
  reason: string;
  perInference?: Quantity;
};

export type UnsupportedEnergy = EnergyCommon & {
  status: 'unsupported';
  code: ErrorCode;
  reason: string;
  remedy?: string;
};

export type Energy = MeasuredEnergy | SuspectEnergy | UnsupportedEnergy;

/** An energy of several scopes, whose ids it lists; `scope` is that of the first. */
export type EnergySum = Energy & { of: string[] };

/** What is known about one device while the window lasted. `null`: not readable. */
export interface DeviceConditions {
  id: string;
  name: string;
  uuid: string;
  pciBusId: string;
  temperatureC: Range | null;
  smClockMHz: Range | null;
  memoryClockMHz: Range | null;
  gpuUtilisationPercent: Range | null;
  memoryUtilisationPercent: Range | null;
  powerLimitW: number | null;
  /** Names of the reasons seen at any time in the window, e.g. 'sw-power-cap'; idle is not one. */
  throttleReasons: string[] | null;
  /**
   * Work of others on the device than this process and those that it has started: `unknown` where it cannot be told.
   */
  otherWork: 'none' | 'busy' | 'unknown';
  /** PIDs, as the driver counts them, of those seen busy; at most four. */
  busyProcesses: number[];
}

/** A session of this process that was at work on the measured device. */
export interface OtherSession {
  /** Its `logId`, or the path of its model. */
  session: string;
  /** Runs, measurements, bindings, and the loading of its model. */
  jobs: number;
}

export interface Range {
  min: number;
  max: number;
  first: number;
  last: number;
}

export interface Conditions {
  devices: DeviceConditions[];
  /** Of `session.measure`: who else of this process was at work on its device in the windows and their quiet times. */
  otherSessions?: OtherSession[];
  host: { cpu: string; logicalCpus: number; loadAverage1: number; governor: string | null };
}

/**
 * Raw samples of one source around the window, oldest first. Times are ms after `origin`.
 * For an energy counter the pair is the interval in which the counter took the value.
 */
export interface TimelineSeries {
  id: string;
  source: string;
  unit: 'J' | 'W';
  tBeforeMs: Float64Array;
  tAfterMs: Float64Array;
  value: Float64Array;
}

export interface Timeline {
  /** CLOCK_MONOTONIC, ns. */
  origin: Mark;
  series: TimelineSeries[];
}

export interface EnergyReport {
  kind: EnergyKind;
  start: Mark;
  end: Mark;
  durationMs: number;
  scopes: Record<string, Energy>;
  /** The session's own device, or the only one. */
  board?: Energy;
  /** Sum over disjoint scopes only, which it lists. Of a session on a board: without the other boards. */
  total?: EnergySum;
  idle: IdleReport;
  /**
   * Of each scope, J²: the covariances of this window's energy with that of every window of the same call, in their
   * order, so that the uncertainty of any sum can be formed: U = 2.06 sqrt(sum of covariances). Gain not included.
   */
  covariance?: Record<string, Float64Array>;
  conditions: Conditions;
  timeline: Timeline;
  /** True where the counters are the labelled fake of the demo or of tests. */
  simulated: boolean;
}

/** Idle power beside a window, per scope. */
export interface IdlePower {
  before: Quantity | null;
  after: Quantity | null;
  /** The mean level used over the window; `null` where none was found, with the reason. */
  level: Quantity | null;
  reason?: string;
}

export type IdleReport = Record<string, IdlePower>;
