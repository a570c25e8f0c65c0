import type { ErrorCode } from '../errors.js';
import type { Calibration } from './calibration.js';
import type {
  Budget,
  Energy,
  EnergyKind,
  EnergyReport,
  Mark,
  Quantity,
  Scope,
  SuspectCause,
} from './energy.js';

/** The part of an AbortSignal that is used: a DOM or Node AbortSignal fits. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

export type SourceName = 'nvml' | 'rapl';

/** Where counters and what describes them are looked for, in place of the system's own; for containers and tests. */
export interface Roots {
  /** libnvidia-ml.so.1 */
  nvml?: string;
  /** /sys/class/powercap */
  powercap?: string;
  /** /sys/bus/event_source/devices */
  perf?: string;
  /** /dev/cpu */
  msr?: string;
  sys?: string;
  proc?: string;
}

/** The three ways to the processor's energy counters, in the order in which they are tried. */
export type RaplInterface = 'perf' | 'msr' | 'powercap';

export interface MeterOptions {
  /** Which sources to open; default: all that can be read. */
  sources?: readonly SourceName[];
  /** How the processor's counters are read; default: the first that can be. */
  raplInterface?: RaplInterface;
  /** GPUs by UUID, PCI bus id or NVML index; default: all. */
  devices?: readonly (string | number)[];
  /** Seconds of full resolution kept; older edges are thinned to one a second. Default 120. */
  historySeconds?: number;
  /**
   * `windows`: slow counters are read only while a measurement is under way. `dense`: they are read back to back, and
   * not only around their updates; for experiments on the counter itself, since it takes a core. Default 'continuous'.
   */
  sampling?: 'continuous' | 'windows' | 'dense';
  /**
   * Whose work on a GPU is not `otherWork`: that of this process, or with 'tree' also that of processes that it has
   * started, for a runner of workers. Default 'process'.
   */
  ownWork?: 'process' | 'tree';
  /**
   * Figures of boards in place of the built-in ones, which are conservative. 'cached': those that `probe({ calibrate: true })`
   * found on this machine, where the board is set up as it was then; 'built-in': none; or calibrations, taken as they are.
   * Default 'cached'.
   */
  calibration?: 'cached' | 'built-in' | readonly Calibration[];
  roots?: Roots;
}

/** One entry of `meter.channels`, in the order in which `meter.read(out)` fills it. */
export interface Channel {
  id: string;
  scope: Scope;
  index: number;
  source: SourceName;
  /** What is read: 'nvml:total-energy', 'perf:energy-pkg', … */
  method: string;
  unit: 'J';
  /** Set where the channel is known but cannot be read. */
  unsupported?: { code: ErrorCode; reason: string; remedy?: string };
}

export interface EnergyOptions {
  kind?: EnergyKind;
  signal?: AbortSignalLike;
  /** How long to wait for the counter's edge after b; default three of its periods. */
  timeoutMs?: number;
  /** How much quiet time beside the window may be used as idle (`caused`). Default 1000 each. */
  idle?: { beforeMs?: number; afterMs?: number } | false;
}

export interface EnergiesOptions extends EnergyOptions {
  /** Adds to each report its covariances with every window of the call (kind 'window' only). */
  covariance?: boolean;
  /** Adds to each report the raw samples around its window. Default false: they are as many as there are windows. */
  timeline?: boolean;
}

export interface Target {
  /** Half-width of the 95 % interval over the value. */
  relativeUncertainty: number;
  /** Scope or id; default: the session's board, or the largest scope that is measured. */
  scope?: Scope | string;
}

/** How runs are divided into blocks, each a window with quiet time of its own. */
export interface BlockOptions {
  /**
   * `sustained`: the runs of a block go back to back. `burst`: a block is a single run, or `runsPerBlock`, between quiet
   * times. `auto`: bursts where a run is long against the counter's period, else sustained; the result says which.
   */
  mode?: 'sustained' | 'burst' | 'auto';
  /** Default: one in a burst; of sustained runs all, with a target as many as make a block's own interval useful. */
  runsPerBlock?: number;
  /** After each block another one of its length in which nothing runs. */
  sham?: boolean;
}

export interface MeterMeasureOptions extends EnergyOptions, BlockOptions {
  repetitions?: number;
  minDurationMs?: number;
  target?: Target;
  /** The function is not called any more after this time, whatever the target. Default none; with a target ten minutes. */
  maxDurationMs?: number;
  /**
   * `counter-step`: fn is run once, between steps of the processor's counters, which are read without a pause on both
   * sides: its energy of kind 'window' is then known to some per cent after a few milliseconds already. It blocks this
   * thread for about 10 ms before the call and after it, 32 ms of its own time at most, and what the spin takes is not in
   * the figure.
   * Rejects with `not-supported` where no counter can be read so, before fn is called.
   */
  align?: 'counter-step';
}

/** How much was run, and why. */
export interface Plan {
  /** One sentence: '2.20 ms at 310 W: 1900 runs in 10 blocks of 190 back to back for 2 %: reached 1.6 %.' */
  sentence: string;
  blocks: number;
  runsPerBlock: number;
  /**
   * Of a target. `unreachable`: what repeats do not shrink is wider than it. `out-of-time`: `maxDurationMs` was over
   * before. `missed`: the interval is wider even after the one extension.
   */
  outcome?: 'reached' | 'unreachable' | 'out-of-time' | 'missed';
  /** Why the target was not reached. */
  reason?: string;
  /** With a target: half-width of the 95 % interval over the value, and of which scope. */
  relativeUncertainty?: number;
  scope?: string;
  /** With a target: 'pilot' where its blocks were enough, 'extended' where the planned number was not. */
  stage?: 'pilot' | 'planned' | 'extended';
}

/** One block: its window, and its energy in each scope by itself. */
export interface Block {
  start: Mark;
  end: Mark;
  repetitions: number;
  scopes: Record<string, { status: Energy['status']; value?: number; uncertainty?: number }>;
}

/** Windows as long as the blocks, in which nothing ran: their mean, J a block. It is told, not subtracted. */
export interface Sham {
  blocks: number;
  kind: EnergyKind;
  scopes: Record<string, Quantity>;
}

/** Which energies of an aligned window are from step to step; the others are as without `align`. */
export interface AlignmentReport {
  /** Ids. */
  aligned: string[];
  /** One sentence each. */
  unaligned: { id: string; reason: string }[];
}

/** What `meter.measure(fn)` gives: the last result of fn and the energy of all its calls. */
export interface Measured<T> {
  result: T;
  repetitions: number;
  start: Mark;
  end: Mark;
  /** From start to end; of several blocks their sum, without the quiet time between them. */
  durationMs: number;
  energy: EnergyReport;
  mode: 'sustained' | 'burst';
  plan: Plan;
  /** Each block by itself, where there are several. */
  blocks?: Block[];
  /** What the instrument makes of nothing, where asked for (`sham: true`). */
  sham?: Sham;
  /** With `align`. */
  alignment?: AlignmentReport;
}

export interface StepRecordOptions {
  /** The channel: 'package-0'. */
  id: string;
  /** At most 10 000. Default 1000. */
  durationMs?: number;
}

/** Every step of one counter over a short time, and the power between them: the finest that the counter can tell. */
export interface StepRecord {
  id: string;
  /** What was read: 'perf:energy-pkg', … */
  method: string;
  start: Mark;
  end: Mark;
  durationMs: number;
  /** Reads of the counter; one in 10 us where the machine allows it. */
  reads: number;
  /** Updates that came and went while the recording thread was kept from running: at most so many. */
  missedUpdates: number;
  /** Times are ms after `start`: the step came between the two. `joules` is the energy since `start` that it showed. */
  steps: { tBeforeMs: Float64Array; tAfterMs: Float64Array; joules: Float64Array };
  /** Mean power between each step and the next, W, with the half-width of its 95 % interval: one fewer than steps. */
  power: { value: Float64Array; uncertainty: Float64Array };
  /** What one read took. */
  readUs: { p50: number; p99: number };
  /** Set where a fault of the counter ended the record before its time; what came before it stands. */
  fault?: { cause: SuspectCause; reason: string };
}

/** Cost and health of the meter's own threads. */
export interface MeterStatistics {
  /** Bytes fixed at opening. */
  memoryBytes: number;
  threads: {
    name: string;
    /** CLOCK_THREAD_CPUTIME_ID, ms, since the thread began. */
    cpuMs: number;
    /** ms since the thread began. */
    aliveMs: number;
    reads: number;
    /** Reads that came later than their schedule by more than a tenth of the period. */
    late: number;
    dropped: number;
    state: 'running' | 'stopped' | 'lost' | 'stuck';
    reason?: string;
  }[];
}

/** Ratio a / b of two figures; the gain cancels on one board. */
export type Comparison = {
  /** What was divided: energies of all runs, or of one. */
  of: 'value' | 'perInference';
  /** True where the two figures share board and sensor, so that the gain cancelled. */
  sameBoard: boolean;
} & (
  | {
      status: 'ok';
      ratio: number;
      /** Ends of the 95 % interval. */
      lo: number;
      hi: number;
    }
  | {
      /** The interval of b holds 0: whatever a is, the ratio may be anything. */
      status: 'below-resolution';
      /** Absent where b is 0. */
      ratio?: number;
      reason: string;
    }
);

/** An energy of a report, or any quantity; without a budget nothing is known to cancel. */
export type Comparable = Energy | (Quantity & { budget?: Budget | null });
