/**
 * The typed contract of the C++ addon and its only loader. Nothing else in `src` touches the addon,
 * and `native/bind` exports exactly these names (a test compares the two).
 */
import { join } from 'node:path';
import { MicrojouleError } from './errors.js';
import type { CalibrationFigures } from './types/calibration.js';
import type { SystemProbe } from './types/probe.js';

/** Nanoseconds of CLOCK_MONOTONIC cross the border as bigint, durations as double ns. */
export interface NativeAddon {
  /** Hands over the error class; once an environment. */
  initialise(errorClass: typeof MicrojouleError): void;
  /** The closed list of `native/base/status.h`, for the test that compares it with `ERROR_CODES`. */
  statusCodes(): string[];

  // native/bind/meter.cc
  openMeter(options: NativeMeterOptions): Promise<NativeMeter>;
  probeCounters(options: NativeProbeOptions): Promise<NativeCounterProbe>;
  /** How each board is set up; touches no counter, so that it takes little. Empty where there is no driver. */
  boardStates(roots: NativeRoots): Promise<NativeBoardState[]>;
  /** The closed list of `native/energy/rapl_doctor.h`, for the test that compares it with `RAPL_CAUSES`. */
  raplCauses(): string[];

  // native/bind/ort.cc
  /** Opens exactly this library; refuses where another release is loaded. */
  openRuntime(libraryPath: string): NativeRuntime;
  /** What a provider needs of CUDA, cuDNN and TensorRT, or the first thing that is not there. Loads nothing. */
  findLibraries(provider: string, runtimeFolder: string, folders: readonly string[]): NativeLibraries;
  createSession(options: NativeSessionOptions, ticket: number): Promise<NativeSession>;
  /** The process no longer waits for the session that is being made; it comes all the same where the process goes on. */
  leaveSession(ticket: number): void;
  /** What a TensorRT engine is built with and for; rejects where the provider's libraries or the device are not there. */
  engineTarget(
    runtimeFolder: string,
    folders: readonly string[],
    ordinal: number,
  ): Promise<NativeEngineTarget>;
  /** Main thread, at the process' exit: closes sessions and sees that no thread is in ONNX Runtime's destructors' way. */
  beforeExit(exitCode: number): void;
}

// --- energy -------------------------------------------------------------------------------------

export interface NativeRoots {
  nvml: string;
  powercap: string;
  perf: string;
  msr: string;
  sys: string;
  proc: string;
}

export interface NativeMeterOptions {
  sources: string[];
  /** UUIDs, PCI bus ids or NVML indices as text; empty: all. */
  devices: string[];
  historySeconds: number;
  windowsOnly: boolean;
  /** Slow counters are read back to back. */
  dense: boolean;
  /** Work of processes that this one has started is no other work. */
  childrenAreOurs: boolean;
  /** 'perf', 'msr', 'powercap'; empty: the first that can be read. */
  raplInterface: string;
  roots: NativeRoots;
  /** Of boards, by UUID: in place of the built-in figures. */
  calibrations: NativeCalibration[];
  /** Join the process-wide meter with these options, or start it. */
  shared: boolean;
}

export interface NativeUnsupported {
  code: string;
  reason: string;
  remedy: string;
}

export interface NativeChannel {
  id: string;
  scope: string;
  index: number;
  source: string;
  method: string;
  /** Identifies board and sensor: the correlation key of the gain. */
  key: string;
  /** UUID and PCI bus id of the GPU, empty for others. */
  uuid: string;
  pciBusId: string;
  unsupported?: NativeUnsupported;
}

export interface NativeDevice {
  id: string;
  index: number;
  name: string;
  uuid: string;
  pciBusId: string;
  /** MIG is on; null: the driver does not tell. */
  mig: boolean | null;
}

export interface NativeBoardState {
  uuid: string;
  name: string;
  index: number;
  pciBusId: string;
  driver: string;
  /** null: the driver does not tell. */
  powerLimitW: number | null;
  persistenceMode: boolean | null;
  applicationGraphicsMHz: number | null;
  applicationMemoryMHz: number | null;
  autoBoost: boolean | null;
}

export interface NativeMeter {
  readonly channels: NativeChannel[];
  readonly devices: NativeDevice[];
  readonly driver: string;
  readonly simulated: boolean;
  readonly memoryBytes: number;
  /** How far back one edge a second is kept of each counter, whatever the history. */
  readonly thinnedForNs: number;
  /** Fills out[i] with joules since open of channels[i], NaN where not measured. A free function: no receiver. */
  read: (out: Float64Array) => void;
  /** The same, with counters that allow it read now, on this thread. */
  sample: (out: Float64Array) => void;
  /** Estimates every window of every channel once the edges after each end have come, or at the deadline. */
  resolve(request: NativeResolveRequest): Promise<NativeResolved>;
  /** Attributes what the timeline holds by now to marked phases, channel by channel. Never rejects. */
  attribute(request: NativeAttributionRequest): Promise<NativeAttributions>;
  /**
   * Finds the figures of a board's counter from bursts, once the edges after the last of them have come. Rejects only
   * where the meter is closed before.
   */
  calibrate(request: NativeCalibrationRequest): Promise<NativeCalibrationResult>;
  /** Ends the wait of a resolve with this ticket; it then rejects with 'aborted'. */
  cancelResolve(ticket: number): void;
  /**
   * With sampling 'windows': slow counters are read between these two. Calls nest. Settles once every counter has
   * given an edge since, or three periods have passed; never rejects.
   */
  beginWindow(): Promise<void>;
  endWindow(): void;
  /** Reads the counter of channels[channel] as fast as is useful for so long; rejects where it cannot. */
  recordSteps(channel: number, durationNs: number): Promise<NativeStepRecord>;
  /** Blocks until the steps before a window were seen, 32 ms at most. Throws where no channel has any to be seen. */
  align(): NativeAlignment;
  snapshot(aNs: bigint, bNs: bigint): NativeSeries[];
  /** Conditions between the two instants; with a read of its own now. */
  conditions(aNs: bigint, bNs: bigint): NativeConditions[];
  statistics(): NativeThread[];
  /** Of each channel by now; NaN where it cannot be read. */
  timing(): NativeTiming[];
  close(): Promise<void>;
}

/** Figures of one board, by its UUID, in place of the built-in ones. */
export interface NativeCalibration extends CalibrationFigures {
  uuid: string;
}

export interface NativeCalibrationRequest {
  channel: number;
  /** Pairs a, b of bursts, ascending. */
  marks: BigInt64Array;
  /** Nominal length of each burst, ms; 0: sham, no work. */
  kinds: Float64Array;
  idleBeforeNs: BigInt64Array;
  idleAfterNs: BigInt64Array;
}

export interface NativeCalibrationResult {
  /** Null: see `reason`. */
  calibration: NativeCalibration | null;
  /** One sentence; empty if there is a calibration. */
  reason: string;
  /** Fitted on the even bursts of each kind, tested on the odd ones: how many of these hold the mean of their kind. */
  tested: number;
  held: number;
  /** Factor (1 or more) by which the phase sensitivity was widened so that 95 % hold. */
  widened: number;
  kinds: {
    kindMs: number;
    /** Of all that could be used; the figures are those of the ones held back. */
    count: number;
    meanJ: number;
    relativeScatter: number;
    meanRelativeU: number;
    heldBack: number;
    held: number;
  }[];
  sham: { count: number; meanJ: number; uncertaintyJ: number };
}

export interface NativeTiming {
  /** Between two updates of the counter. */
  periodNs: number;
  /** After this time an effect has left the sensor. */
  decayNs: number;
  /** True once the period was seen; until then it is the usual one of such a counter. */
  learned: boolean;
  /** Standard uncertainty of a period that was seen; else NaN. */
  periodUncertaintyNs: number;
}

export interface NativeAlignment {
  /**
   * Of the window [a, b], which has just ended; once. Blocks likewise. `resolved` has one window, kind `window` only;
   * `reasons` says, channel by channel, why there is no figure; empty: there is one.
   */
  close(aNs: bigint, bNs: bigint): { resolved: NativeResolved; reasons: string[] };
}

export interface NativeResolveRequest {
  ticket: number;
  /** Pairs a0, b0, a1, b1, … */
  marks: BigInt64Array;
  /** Quiet time that may be used as idle before a and after b, ns; 0: none declared. */
  idleBeforeNs: number;
  idleAfterNs: number;
  /** Negative: three periods of the slowest counter. */
  timeoutNs: number;
  /** Of the figures of kind `window`, too. */
  covariance: boolean;
}

/**
 * `fields` holds, for window w and channel c, `names.length` doubles from (w * channels + c) * names.length,
 * in the order of `names`; NaN: not there. Names are `<kind>.<field>` with kind `window` or `caused` and field
 * `status`, `cause` (indices of the lists given), `value`, `lo`, `hi`, `uncertainty` (J), then one a budget term
 * (`window.edge-timing`, J), and `idle.{before,after,level}` with `idle.{before,after,level}.uncertainty` (W).
 */
export interface NativeResolved {
  names: string[];
  statuses: string[];
  causes: string[];
  terms: string[];
  /** Of each term: what its errors have in common ('edge', 'idle', 'calibration'), and its distribution. */
  origins: string[];
  distributions: string[];
  fields: Float64Array;
  /** J², one channel after the other: windows x windows, row by row; NaN where there is none. Empty unless asked for. */
  covariance: Float64Array;
}

export interface NativeAttributionRequest {
  /** How many labels there are, without the rest. */
  labels: number;
  /** Label of each phase, and its instants as pairs; ascending, none overlaps another, all within the range. */
  phaseLabels: Int32Array;
  marks: BigInt64Array;
  fromNs: bigint;
  toNs: bigint;
  /** Instants within the range, ascending. */
  powerStates: BigInt64Array;
}

export interface NativeAttributions {
  /** Names of the terms, in the order in which labels give them. */
  terms: string[];
  leastSignal: number;
  /** In the order of the meter's channels; null: the channel cannot be read. */
  channels: (NativeAttribution | null)[];
}

/** Powers in W, their covariances row by row; NaN: not there. */
export interface NativeAttribution {
  status: 'ok' | 'below-resolution' | 'suspect' | 'not-identifiable';
  /** Of 'suspect'; else empty. */
  cause: string;
  /** Those asked for and, where there is any, the rest; empty: no powers at all. */
  labels: {
    status: 'ok' | 'below-resolution' | 'not-identifiable';
    watts: number;
    uncertainty: number;
    terms: Float64Array;
    seconds: number;
    occurrences: number;
    joules: number;
  }[];
  covariance: Float64Array;
  joules: number;
  joulesUncertainty: number;
  fromNs: bigint;
  toNs: bigint;
  intervals: number;
  degrees: number;
  signals: Float64Array;
  chance: Float64Array;
  blockIntervals: number;
  /** Another time constant of the sensor fits better than the one supposed. */
  sensorDoubted: boolean;
  /** 0: not tested. */
  interactionBetween: number;
  interactionWithin: number;
  interactionP: number;
}

export interface NativeSeries {
  id: string;
  source: string;
  unit: 'J' | 'W';
  tBeforeNs: BigInt64Array;
  tAfterNs: BigInt64Array;
  value: Float64Array;
}

/** Steps of one counter: each came between tBeforeMs and tAfterMs after the start; one power between each two. */
export interface NativeStepRecord {
  startNs: bigint;
  endNs: bigint;
  reads: number;
  missedUpdates: number;
  tBeforeMs: Float64Array;
  tAfterMs: Float64Array;
  joules: Float64Array;
  watts: Float64Array;
  wattsUncertainty: Float64Array;
  readP50Us: number;
  readP99Us: number;
  /** What ended it early; empty: nothing. */
  cause: string;
}

/** min, max, first, last of each reading; empty arrays where not readable. */
export interface NativeConditions {
  id: string;
  temperatureC: number[];
  smClockMHz: number[];
  memoryClockMHz: number[];
  gpuUtilisationPercent: number[];
  memoryUtilisationPercent: number[];
  powerLimitW: number;
  throttleMask: number;
  throttleKnown: boolean;
  otherWork: 'none' | 'busy' | 'unknown';
  /** PIDs, at most four. */
  busyProcesses: number[];
}

export interface NativeThread {
  name: string;
  cpuMs: number;
  aliveMs: number;
  reads: number;
  late: number;
  dropped: number;
  state: 'running' | 'stopped' | 'lost' | 'stuck';
  reason: string;
}

export interface NativeProbeOptions {
  roots: NativeRoots;
  timing: boolean;
}

export interface NativeCounterProbe {
  driver: string;
  cudaDriver: string;
  simulated: boolean;
  devices: NativeDevice[];
  counters: {
    id: string;
    scope: string;
    source: string;
    method: string;
    readable: boolean;
    unit: string;
    resolution: number;
    updatePeriodNs: number;
    callNs: Float64Array;
    unsupported?: NativeUnsupported;
  }[];
  /** Empty texts and zeros: not told. */
  processor: {
    name: string;
    vendor: string;
    family: number;
    model: number;
    stepping: number;
    packages: number;
    cpus: number;
    hypervisor: string | null;
  };
  rapl: {
    chosen: string | null;
    interfaces: {
      interface: string;
      usable: boolean;
      cause: string;
      code: string;
      reason: string;
      remedy: string;
    }[];
    system: SystemProbe;
  };
}

// --- ONNX Runtime -------------------------------------------------------------------------------

export interface NativeRuntime {
  version: string;
  /** The real path of the library. */
  path: string;
  providers: string[];
  /** NVIDIA_TF32_OVERRIDE as the process has it; `null`: not set. */
  tf32Override: string | null;
  /** It was another when NVIDIA's libraries were first opened here. */
  tf32OverrideChanged: boolean;
}

export interface NativeLibraries extends Partial<NativeUnsupported> {
  /** In the order in which they are opened. An empty path: the loader is left to find it. */
  libraries: { name: string; path: string }[];
  missing?: string;
}

export interface NativeProvider {
  /** 'cpu' | 'cuda' | 'tensorrt' | any name SessionOptionsAppendExecutionProvider takes. */
  name: string;
  keys: string[];
  values: string[];
  /** Where the libraries that it needs are looked for. */
  folders: readonly string[];
}

/** Empty texts and 0: not told. */
export interface NativeEngineTarget {
  tensorrt: string;
  uuid: string;
  name: string;
  computeCapability: string;
  multiprocessors: number;
  memoryBytes: number;
}

export interface NativeSessionOptions {
  library: string;
  modelPath?: string;
  modelBytes?: Uint8Array;
  providers: NativeProvider[];
  fallback: boolean;
  intraOpThreads: number;
  interOpThreads: number;
  graphOptimizationLevel: number;
  executionMode: number;
  cpuMemArena: boolean;
  memPattern: boolean;
  profilePrefix?: string;
  optimizedModelPath?: string;
  logId?: string;
  logSeverity: number;
  logVerbosity: number;
  freeDimensions: { names: string[]; values: number[] };
  config: { keys: string[]; values: string[] };
  externalData: { path: string; bytes: Uint8Array }[];
  executorSpinNs: number;
  callerWaitNs: number;
}

export interface NativeValueInfo {
  name: string;
  isTensor: boolean;
  type: string;
  /** -1: free; its name stands at the same index of `symbols`. */
  dims: number[];
  symbols: string[];
}

export type NativeData = ArrayBufferView | string[];

/**
 * Tensors by index, in groups of three: index, data, dims. Undefined dims are the model's own, where all of them are
 * fixed. Lists are flat because every property that the addon reads costs a tenth of a microsecond.
 */
export type NativeFeed = (number | NativeData | readonly number[] | undefined)[];

/** Outputs in groups of two: data (undefined: written into the memory given), dims (undefined: the model's own). */
export type NativeOutputs = (NativeData | number[] | undefined)[];

export interface NativeSession {
  readonly inputs: NativeValueInfo[];
  readonly outputs: NativeValueInfo[];
  /** Providers in use, in order, and what was passed over (`fallback`). */
  readonly providers: string[];
  readonly skipped: { name: string; reason: string; code: string }[];
  /** UUID and PCI bus id of the CUDA device, empty on the CPU or where the driver does not tell. */
  readonly device: { uuid: string; pciBusId: string };
  /** Provider (ONNX Runtime's name), name and operator of each node in turn; empty where it does not tell. */
  readonly placement: string[];
  /** Before and after it was made, on the thread that made it. */
  readonly createStartNs: bigint;
  readonly createEndNs: bigint;
  /**
   * Settles at once (returns the outputs) when the run ended within the caller's wait, else a promise.
   * `ticket` names the run for `cancel`; `feed` goes by index of `inputs`; `fetch` lists indices of `outputs`, undefined:
   * all; `into` goes by position in the fetched list and gives memory to write to. `here`: on the calling thread, unless
   * other jobs are before it.
   */
  run(
    ticket: number,
    feed: NativeFeed,
    fetch: readonly number[] | undefined,
    into: NativeFeed | undefined,
    settings: NativeRunSettings | undefined,
    here: boolean,
  ): NativeOutputs | Promise<NativeOutputs>;
  cancel(ticket: number): void;
  /**
   * A measurement's turn on the session's device, first come first served in the whole process; `granted` is called once it
   * is there, never before this returns. The function given ends it. `exclusive`: jobs of other sessions wait meanwhile.
   */
  takeTurn(exclusive: boolean, granted: () => void): () => void;
  measure(request: NativeMeasureRequest): Promise<NativeMeasureResult>;
  measurePhases(request: NativePhasesRequest): Promise<NativePhasesResult>;
  /**
   * Binds inputs and outputs in a place (native/ort/memory.h: 0 CPU, 1 page-locked, 2 device) and runs so many times;
   * the number names the binding. `keepOutputs`: outputs stay where they are, whatever their shape.
   */
  bind(
    ticket: number,
    place: number,
    feed: NativeFeed,
    fetch: readonly number[] | undefined,
    runs: number,
    keepOutputs: boolean,
  ): Promise<number>;
  updateBinding(binding: number, feed: NativeFeed): Promise<void>;
  runBinding(ticket: number, binding: number): Promise<void>;
  /** The outputs of its last run, copied. */
  fetchBinding(binding: number): Promise<NativeOutputs>;
  /** `waitedFor` false: the process may end before it is done. */
  releaseBinding(binding: number, waitedFor: boolean): Promise<void>;
  /** Text of the profile's file; empty where profiling was not enabled. */
  endProfiling(): string;
  /** After queued runs. */
  release(): Promise<void>;
}

export interface NativeRunSettings {
  /** -1: the session's. */
  logSeverity: number;
  logVerbosity: number;
  tag: string;
  config: { keys: string[]; values: string[] };
}

/**
 * Blocks of runs, each with quiet time of its own. A block ends after `repetitions`, or, where that is 0, after
 * `minDurationNs`; never beyond `maxDurationNs`.
 */
export interface NativeMeasureRequest {
  ticket: number;
  /** Undefined: those of `binding`. */
  feed: NativeFeed | undefined;
  fetch: readonly number[] | undefined;
  /** Runs go through this binding. */
  binding: number | undefined;
  warmup: number;
  repetitions: number;
  minDurationNs: number;
  /** 0: no bound. */
  maxDurationNs: number;
  idleBeforeNs: number;
  idleAfterNs: number;
  /** Where in the counter's period each block begins, 0 to 1; empty: one block, begun after its quiet time. */
  phases: Float64Array;
  /** The counter's period, counted from `originNs`. */
  periodNs: number;
  originNs: bigint;
  /** After each block another one of its length in which nothing runs. */
  sham: boolean;
  /** No further block is begun that would end later than this after the warm-up; 0: no bound. */
  budgetNs: number;
  /**
   * Called with phase (0 warm-up, 1 idle before, 2 running, 3 idle after, 4 sham), runs, elapsed ms and blocks done;
   * at most 10 a second and when the phase changes.
   */
  progress: ((phase: number, runs: number, elapsedMs: number, blocks: number) => void) | undefined;
}

/** Count, mean, sum of squares about it, least and greatest. */
export interface Moments {
  count: number;
  mean: number;
  squares: number;
  min: number;
  max: number;
}

export interface RunTimes {
  /** In order: of the first run and of every `durationsEvery`-th from it on, so that memory stays bounded. */
  durationsNs: Float64Array;
  durationsEvery: number;
  /** Of all runs, ns. */
  moments: Moments;
}

export interface NativeMeasureResult extends RunTimes {
  /** Of each block, in the order of time: start of its quiet time, start, end, end of the quiet time after. */
  marksNs: BigInt64Array;
  /** Runs of each block; 0: a sham. */
  runs: Float64Array;
  /** Of each block: jobs of other sessions of the process on the device, its quiet times included. */
  otherJobs: Float64Array;
  /** The same of all blocks, by session; an empty name: of sessions that have ended since. */
  others: OtherJobs[];
  outputs: NativeOutputs;
}

export interface OtherJobs {
  session: string;
  jobs: number;
}

/** Segments of one kind each (native/measure/phases.h), back to back. */
export interface NativePhasesRequest {
  ticket: number;
  /** On the device. */
  binding: number;
  kinds: Int32Array;
  /** Of each segment; it ends with the call under way. */
  lengthsNs: Float64Array;
  /** So many segments belong together; none of another round is begun after `budgetNs`. */
  round: number;
  budgetNs: number;
  warmup: number;
  /** The host's buffers lie in page-locked memory. */
  pinned: boolean;
  /** As of a measurement; blocks are segments, and of phases there are 0 and 2. */
  progress: NativeMeasureRequest['progress'];
}

export interface NativePhasesResult {
  /** Segment i lies between instants i and i + 1. */
  marksNs: BigInt64Array;
  kinds: Int32Array;
  calls: Float64Array;
  /** Jobs of other sessions of the process on the device meanwhile. */
  others: OtherJobs[];
  /** Of all calls, by kind; of idle none. */
  times: RunTimes[];
  /** Of the copy in, the compute and the copy out in each whole inference. */
  inside: RunTimes[];
  /** Of one call. */
  bytesIn: number;
  bytesOut: number;
  outputs: NativeOutputs;
}

// --- loader -------------------------------------------------------------------------------------

let loaded: NativeAddon | undefined;

/** Loads the addon on first use, so that importing the package opens no library. */
export function native(): NativeAddon {
  loaded ??= load();
  return loaded;
}

function load(): NativeAddon {
  if (process.platform !== 'linux') {
    throw new MicrojouleError(
      'unsupported-platform',
      `microjoule measures on Linux only; this is ${process.platform}-${process.arch}.`,
    );
  }
  const root = join(__dirname, '..');
  let addon: NativeAddon;
  try {
    const findAndLoad = require('node-gyp-build') as (root: string) => NativeAddon;
    addon = findAndLoad(root);
  } catch (cause) {
    throw new MicrojouleError(
      'library-not-found',
      `The native addon of microjoule could not be loaded: ${(cause as Error).message}`,
      `Build it from its sources: npm i --no-save cmake-js node-addon-api node-api-headers && npx cmake-js build -d ${root}`,
      { cause },
    );
  }
  addon.initialise(MicrojouleError);
  return addon;
}
