import type { Budget, Energy, Mark, Quantity } from './energy.js';
import type { Measurement } from './measure.js';
import type { AbortSignalLike } from './meter.js';

/** Between two instants of CLOCK_MONOTONIC: `meter.energy(stage.start, stage.end)` gives what it took. */
export interface EngineStage {
  start: Mark;
  end: Mark;
}

/** How the TensorRT engines of a session came to be. */
export interface EngineReport {
  /**
   * 'built' by this session; 'cache': read from `folder`; 'pending': shapes are free, so that they are built or read in
   * the first run; 'unknown': see `reason`.
   */
  state: 'built' | 'cache' | 'pending' | 'unknown';
  reason?: string;
  /** Name of the folder in the cache: a hash of `EngineDescription.of`. */
  key?: string;
  /** Where they are kept, with their description in engine.json. */
  folder?: string;
  /** Of the engines and their profiles. */
  bytes?: number;
  /** They lie in `folder` for the next session; false: `reason` says why not. */
  kept?: boolean;
  /** The session's creation, on the thread that made it. */
  creation: EngineStage;
  /** The first run of the session; `built`: an engine was built in it, null: not known. */
  firstRun?: EngineStage & { built: boolean | null };
  /** Options of a cache of the user's own, which were passed through. */
  ownCache?: Record<string, string>;
  /** Of engines from the cache: when they were built, and at what cost where that was measured. */
  record?: EngineRecord;
}

/** What an engine depends on. Any difference is another engine. */
export interface EngineKeyParts {
  model: {
    /** Its file's name, which ONNX Runtime makes part of its engines' names; empty of bytes. */
    name: string;
    sha256: string;
    bytes: number;
    /** Hashes of files of external data by the name that the model uses. */
    externalData: Record<string, string>;
  };
  shapes: {
    /** `freeDimensionOverrides`. */
    freeDimensions: Record<string, number>;
    /** `trt_profile_min_shapes`, `trt_profile_opt_shapes`, `trt_profile_max_shapes`. */
    profiles: Record<string, string>;
  };
  /** A board's kind: engines serve every board of one kind. 0 and 'unknown': not told. */
  gpu: { name: string; computeCapability: string; multiprocessors: number; memoryBytes: number };
  /** Of the NVIDIA driver; 'unknown' without NVML. */
  driver: string;
  tensorrt: string;
  onnxruntime: string;
  /** Which providers share the nodes, in order. */
  providers: string[];
  /** Every other option of the provider, but for `device_id`. */
  options: Record<string, string>;
  /** Hashes of the files that options name. */
  optionFiles: Record<string, string>;
  session: { graphOptimizationLevel: number; config: Record<string, string> };
  /** Environment variables that TensorRT reads when it builds. */
  environment: Record<string, string>;
}

/** The file engine.json beside kept engines. */
export interface EngineDescription {
  format: 1;
  key: string;
  of: EngineKeyParts;
  files: { name: string; bytes: number }[];
  record: EngineRecord;
}

export interface EngineRecord {
  /** ISO 8601. */
  builtAt: string;
  /** UUID of the board on which they were built. */
  builtOn: string;
  /** Of the stage in which they were built. */
  durationMs: number;
  stage: BuildCost['stage'];
  microjoule: string;
  /** Where a meter was asked (`session.buildCost`). */
  scopes?: Record<string, BuildEnergy>;
  /** Id of the board among them. */
  board?: string;
  /** Counters were the labelled fake. */
  simulated?: boolean;
}

/** Energy of one scope while engines were built. */
export interface BuildEnergy {
  /** Integral of power, idle included. */
  gross: Energy;
  /**
   * Above idle, where that can be said: a process that had no context on the GPU before has another idle power after,
   * and nothing can be subtracted.
   */
  net?: Energy;
  /** Why there is no `net`. */
  netReason?: string;
}

export interface BuildCostOptions {
  /** Quiet time that there was on both sides; default none, and nothing is said above idle. */
  idle?: { beforeMs?: number; afterMs?: number };
  signal?: AbortSignalLike;
  timeoutMs?: number;
}

/** What building the engines took. */
export interface BuildCost {
  /** 'measured' by the meter given; 'recorded': when they were built, `at`, by whoever did. */
  source: 'measured' | 'recorded';
  /** ISO 8601. */
  at: string;
  /** In which stage they were built. Opening ONNX Runtime's provider and the GPU's context is part of a creation. */
  stage: 'creation' | 'first-run' | 'creation-to-first-run';
  durationMs: number;
  scopes: Record<string, BuildEnergy>;
  /** Id of the session's own board among them. */
  board?: string;
  /** Counters were the labelled fake. */
  simulated?: boolean;
}

export type BreakEvenAnswer =
  | {
      status: 'ok';
      /** Runs after which the build is paid. */
      runs: number;
      /** Ends of the 95 % interval. */
      lo: number;
      hi: number;
    }
  | {
      /** The session that was to be cheaper is not: no number of runs pays for the build. */
      status: 'never';
      reason: string;
    }
  | {
      /** An energy was not measured or is suspect, or the interval of what a run saves holds 0. */
      status: 'cannot-be-told';
      /** It takes no fewer runs than these, with 95 % confidence. */
      atLeast?: number;
      reason: string;
    };

/** What `paidAfter` takes: both in one unit; the budget, where there is one, is that of `uncertainty`. */
export type PaidFigure = Quantity & { budget?: Budget | null };

/** What of a measurement `breakEven` takes. */
export type BreakEvenSide = Pick<Measurement, 'energy' | 'latency' | 'repetitions' | 'mode' | 'provider'>;

/** When a build is paid. */
export interface BreakEven {
  /** Id of the scope whose energies were compared; null: no board was measured. */
  scope: string | null;
  energy: BreakEvenAnswer;
  time: BreakEvenAnswer;
  sentence: string;
}
