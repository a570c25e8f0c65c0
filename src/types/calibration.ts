import type { ErrorCode } from '../errors.js';
import type { AbortSignalLike } from './meter.js';
import type { Feeds } from './onnx.js';

/** How a board and its machine are set up: a calibration holds for exactly this. `null`: not told. */
export interface BoardState {
  uuid: string;
  /** Version of the NVIDIA driver. */
  driver: string;
  /** Release of the running kernel. */
  kernel: string;
  /** Of the running kernel: another one after each boot. */
  bootId: string | null;
  /** The limit in force, W. */
  powerLimitW: number | null;
  persistenceMode: boolean | null;
  /** Application clocks, MHz. NVML does not tell whether clocks are locked beside them. */
  graphicsClockMHz: number | null;
  memoryClockMHz: number | null;
  autoBoost: boolean | null;
}

/**
 * What calibration found of a board's energy counter and sensors. Times in ns, energies in J, powers in W. NaN (`null` in
 * JSON): not found, and the built-in figure stays.
 */
export interface CalibrationFigures {
  /** Between two updates of the counter. */
  periodNs: number;
  gridJitterNs: number;
  /** Smallest step of the counter. */
  quantumJ: number;
  /** Of the board's response and the sensor's filter together, with its relative standard uncertainty. */
  timeConstantNs: number;
  timeConstantRelativeUncertainty: number;
  /** Half-range of how far work lies from its marks, and of the counter's delay beyond the filter. */
  markDelayNs: number;
  /** Half-range s / (1 + L / reach) of what the place of a window of length L in the period does to its energy. */
  phaseSensitivity: number;
  phaseReachNs: number;
  /** The same where the counter is read back to back. */
  densePhaseSensitivity: number;
  densePhaseReachNs: number;
  /** By how much an update may be late that a slow read hides. */
  displacementNs: number;
  /** Standard deviation of idle power between neighbouring updates. */
  idleNoiseW: number;
  /** Of the ring of power samples; `null` where there is none. */
  ring: {
    lagNs: number;
    noiseW: number;
    /** Of the ring over that of the counter, with its relative standard uncertainty. */
    gain: number;
    gainRelativeUncertainty: number;
    stampJitterNs: number;
  } | null;
}

/** Whether reading the counter changes what it counts: mean power under steady load, read back to back over read as usual. */
export interface Disturbance {
  disturbs: 'no' | 'yes' | 'not tested';
  /** With the half-width of its 95 % interval. */
  ratio?: number;
  uncertainty?: number;
  /** Why it was not tested. */
  reason?: string;
}

/** Bursts of one length. */
export interface CalibrationKind {
  /** Nominal length, ms. */
  kindMs: number;
  /** Bursts that could be used. */
  count: number;
  /** The rest is of the half held back: mean energy above idle, its scatter and the mean 95 % half-width, both relative. */
  meanJ: number;
  relativeScatter: number;
  meanRelativeU: number;
  heldBack: number;
  /** So many of their intervals hold their mean. */
  held: number;
}

/** A board's figures found on this machine, and what they were tested with. */
export interface Calibration {
  schema: 1;
  /** Version of this package. */
  microjoule: string;
  /** ISO 8601, UTC. */
  at: string;
  /** Name of the board. */
  name: string;
  state: BoardState;
  /** True where the counters were a labelled fake. */
  simulated: boolean;
  /** What ran: 'matrix products, cuda' or 'a session given'. */
  load: string;
  figures: CalibrationFigures;
  /** Bursts held back from the fit: how many of their intervals hold the mean of their length. */
  tested: number;
  held: number;
  /** Factor by which the sensitivity to phase was widened so that 95 % hold; 1: none. */
  widened: number;
  kinds: CalibrationKind[];
  /** Windows in which nothing ran, J each, with the 95 % half-width of the mean. */
  sham: { count: number; meanJ: number; uncertaintyJ: number };
  disturbance: Disturbance;
}

/** Which figures of its counter an energy was made with. */
export type FiguresUsed =
  /** Conservative ones, for any board. */
  | { from: 'built-in' }
  /** Those of a calibration of this board; `ageMs` at the time of the result. */
  | { from: 'calibration'; at: string; ageMs: number };

/** What `probe` says of a board's calibration. */
export type BoardCalibration =
  /** `reason`: why there is none that holds. `stale` is the one that there is, for another state of the board. */
  | { from: 'built-in'; reason: string; stale?: Calibration }
  | {
      from: 'calibration';
      at: string;
      ageMs: number;
      /** In words: '3 days'. */
      age: string;
      calibration: Calibration;
    };

/** The part of an `InferenceSession` that a load needs. */
export interface CalibrationSession {
  readonly device: { readonly uuid: string } | null;
}

export interface CalibrateOptions {
  /** GPUs by UUID, PCI bus id or NVML index; default: all. */
  devices?: readonly (string | number)[];
  /**
   * An `InferenceSession` on the board, whose runs are the load; needs `feeds`. Default: matrix products on the CUDA provider.
   * A run should take less than half of the shortest burst.
   */
  session?: CalibrationSession;
  feeds?: Feeds;
  /** Nominal lengths of bursts, ms, at least two. Default [5, 20, 100]. */
  burstsMs?: readonly number[];
  /** Bursts of each length, at least 20. Default 70. */
  count?: number;
  /** Windows in which nothing runs, among the bursts. Default 20. */
  shams?: number;
  /** Tests whether reading disturbs, for about half a minute. Default true. */
  disturbance?: boolean;
  /** Of the order of the bursts. Default 1. */
  seed?: number;
  /** Writes the calibration to the cache, from which `Meter.open` takes it. Default true. */
  save?: boolean;
  signal?: AbortSignalLike;
  onProgress?: (progress: CalibrateProgress) => void;
}

export interface CalibrateProgress {
  /** 'board-0' */
  id: string;
  phase: 'load' | 'bursts' | 'fit' | 'disturbance';
  /** Of this phase. */
  done: number;
  planned: number;
}

/** What became of the calibration of one board. */
export type CalibrationRun = { id: string; uuid: string; name: string } & (
  | {
      calibrated: true;
      calibration: Calibration;
      /** File that it was written to; absent with `save: false` or where it could not be, then with the reason. */
      path?: string;
      notSaved?: string;
    }
  | { calibrated: false; code: ErrorCode; reason: string; remedy?: string }
);
