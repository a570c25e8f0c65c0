/// <reference lib="esnext.disposable" preserve="true" />
import { throwIfAborted, unlessAborted } from './abort.js';
import { type Binding, Bindings } from './binding.js';
import { buildCost } from './engine/cost.js';
import type { SessionEngine } from './engine/session-engine.js';
import { invalidArgument, MicrojouleError } from './errors.js';
import { makePort, type Port, readFeeds, shapeOf } from './feeds.js';
import { ALL_OUTPUTS, type FetchPlan, type Outputs, readFetches, toOutputs } from './fetches.js';
import { measureSession, type NativeLoop, NO_RUNS, type OpenPath } from './measure.js';
import type { Meter } from './meter.js';
import type { NativeFeed, NativeMeasureResult, NativeOutputs, NativeSession } from './native.js';
import { type OpenedSession, openSession } from './open-session.js';
import { measurePhases, type NativePhases, type PhasesLoopResult } from './phases/measure-phases.js';
import { bindsOnDevice } from './providers.js';
import { readRunOptions } from './session-options.js';
import type { Tensor } from './tensor.js';
import type { BuildCost, BuildCostOptions, EngineReport } from './types/engine.js';
import type { DataPath, Measurement, MeasureOptions } from './types/measure.js';
import type { AbortSignalLike } from './types/meter.js';
import type {
  BindOptions,
  ExecutionProviderConfig as ExecutionProviderConfigType,
  Feeds,
  Fetches,
  Placement,
  RunOptions as RunOptionsType,
  SessionOptions as SessionOptionsType,
  SkippedProvider,
  TensorLike,
  ValueMetadata as ValueMetadataType,
} from './types/onnx.js';
import type { PhasesMeasurement, PhasesOptions } from './types/phases.js';
import type { Precision } from './types/precision.js';

/** @internal */
export type LoopResult = Omit<NativeMeasureResult, 'outputs'> & { outputs: Outputs };

/**
 * An ONNX model loaded into the application's own ONNX Runtime, with the shape of onnxruntime-common's
 * InferenceSession. Unlike there, `create` and `run` leave the event loop free (`runsOn`). Runs are first in, first out.
 */
export class InferenceSession {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly inputMetadata: readonly ValueMetadataType[];
  readonly outputMetadata: readonly ValueMetadataType[];
  /** Execution providers in use, in order. */
  readonly providers: readonly string[];
  /** Providers that were passed over (`fallback: true`), and why. */
  readonly skippedProviders: readonly SkippedProvider[];
  /** The GPU of the CUDA or TensorRT provider, as NVML names it; null on the CPU. */
  readonly device: { readonly uuid: string; readonly pciBusId: string } | null;
  /** The ONNX Runtime in use. */
  readonly runtime: { readonly version: string; readonly path: string };
  /** Which provider took which nodes. */
  readonly placement: Placement;
  /** What each provider in use may compute in. */
  readonly precision: { readonly [provider: string]: Precision };
  /** The session replays a CUDA graph (`enableGraphCapture`): it runs through `bind` and `measure`. */
  readonly graphCapture: boolean;

  readonly #native: NativeSession;
  readonly #inputs: readonly Port[];
  readonly #outputs: readonly Port[];
  readonly #bindings: Bindings;
  readonly #engine: SessionEngine | undefined;
  readonly #onCaller: boolean;
  #ticket = 0;
  #released: Promise<void> | undefined;

  private constructor(opened: OpenedSession) {
    const { session, runtime, skipped, placement, precision, graph, onCaller, engine } = opened;
    this.#native = session;
    this.#inputs = session.inputs.map(makePort);
    this.#outputs = session.outputs.map(makePort);
    this.inputNames = this.#inputs.map((port) => port.name);
    this.outputNames = this.#outputs.map((port) => port.name);
    this.inputMetadata = this.#inputs.map(metadata);
    this.outputMetadata = this.#outputs.map(metadata);
    this.providers = session.providers;
    this.skippedProviders = skipped;
    this.device = session.device.uuid === '' ? null : session.device;
    this.runtime = { version: runtime.version, path: runtime.path };
    this.placement = placement;
    this.precision = precision;
    this.graphCapture = graph;
    this.#engine = engine;
    this.#onCaller = onCaller;
    this.#bindings = new Bindings({
      native: session,
      inputs: this.#inputs,
      outputs: this.#outputs,
      device: bindsOnDevice(this.providers) ? this.device : null,
      graph,
      checkOpen: () => this.#checkOpen(),
      isReleased: () => this.#released !== undefined,
      nextTicket: () => ++this.#ticket,
      abortable: (ticket, signal, start, drop) => this.#abortable(ticket, signal, start, drop),
    });
  }

  /** How its TensorRT engines came to be, as is known by now; null without TensorRT. */
  get engine(): EngineReport | null {
    return this.#engine?.report ?? null;
  }

  /** Loads a model from a path. */
  static create(path: string, options?: SessionOptionsType): Promise<InferenceSession>;
  /** Loads a model from its bytes, or from a part of a buffer. */
  static create(buffer: ArrayBufferLike, options?: SessionOptionsType): Promise<InferenceSession>;
  static create(
    buffer: ArrayBufferLike,
    byteOffset: number,
    byteLength?: number,
    options?: SessionOptionsType,
  ): Promise<InferenceSession>;
  static create(buffer: Uint8Array, options?: SessionOptionsType): Promise<InferenceSession>;
  static async create(...args: unknown[]): Promise<InferenceSession> {
    return new InferenceSession(await openSession(args));
  }

  /**
   * Runs the model once. Inputs larger than 1 MiB must not be changed or transferred until the run has settled; after an
   * abort, which rejects at once, until a later run or `release` has.
   */
  run(feeds: Feeds, options?: RunOptionsType): Promise<Outputs>;
  /** `fetches`: names of the outputs wanted, or a map from them to tensors to write to, or to null. */
  run(feeds: Feeds, fetches: Fetches, options?: RunOptionsType): Promise<Outputs>;
  async run(feeds: Feeds, second?: Fetches | RunOptionsType, third?: RunOptionsType): Promise<Outputs> {
    this.#checkOpen();
    if (this.graphCapture) throw boundOnly();
    let fetch = ALL_OUTPUTS;
    let options = third;
    if (second !== undefined) {
      if (this.#isFetches(second)) fetch = readFetches(this.#outputs, second);
      else options ??= second as RunOptionsType;
    }
    const feed = readFeeds(this.#inputs, feeds);
    const ticket = ++this.#ticket;
    const engine = this.#engine;
    if (engine?.awaitsRun) return engine.run(() => this.#runWith(ticket, feed, fetch, options ?? {}));
    if (options !== undefined) return this.#runWith(ticket, feed, fetch, options);
    const result = this.#native.run(ticket, feed, fetch.indices, fetch.into, undefined, this.#onCaller);
    return toOutputs(this.#outputs, Array.isArray(result) ? result : await result, fetch);
  }

  /**
   * Runs the model between two marks and measures the energy that it caused. One native call on the session's own
   * thread: warm-up, quiet time, runs, quiet time; no JavaScript runs in between.
   */
  async measure(feeds: Feeds, options?: MeasureOptions<Meter>): Promise<Measurement<Outputs>> {
    this.#checkOpen();
    return await measureSession(this, feeds, options);
  }

  /**
   * What building the TensorRT engines took, gross and, where that can be said, above idle: of engines that this session
   * built from the meter, which must have been open before the session was made, and then also kept beside them; of
   * engines from the cache as recorded when they were built. `idle`: quiet time that there was on both sides; default none.
   */
  async buildCost(meter: Meter, options: BuildCostOptions = {}): Promise<BuildCost> {
    return await buildCost(this.#engine, this.device, meter, options);
  }

  /**
   * Time and energy of the copy to the device, the compute and the copy back, each run by itself in many short segments
   * between those of whole inferences and idle, and told apart by attribution. Needs a session on a CUDA device.
   */
  async measurePhases(feeds: Feeds, options?: PhasesOptions<Meter>): Promise<PhasesMeasurement<Outputs>> {
    this.#checkOpen();
    return await measurePhases(this, feeds, options);
  }

  /**
   * Binds inputs and outputs once, in the memory of the device where the session has one: they stay there from run to
   * run. Inputs are copied; a binding ends by `release`, or with the session.
   */
  async bind(options: BindOptions): Promise<Binding> {
    this.#checkOpen();
    const bind = () => this.#bindings.bind(options);
    return await (this.#capturesEngine ? (this.#engine as SessionEngine).run(bind) : bind());
  }

  /** Ends the session after the runs that are under way or queued; further calls of it fail. Twice is once. */
  release(): Promise<void> {
    this.#released ??= this.#native.release().then(() => this.#engine?.release());
    return this.#released;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }

  /** Nothing: profiling begins with the session where `enableProfiling` is set, as in onnxruntime-node. */
  startProfiling(): void {
    this.#checkOpen();
  }

  /** Writes the profile file; needs `enableProfiling`. */
  endProfiling(): void {
    this.#checkOpen();
    this.#native.endProfiling();
  }

  /** @internal A measurement's turn on the device. */
  askForTurn(exclusive: boolean, granted: () => void): () => void {
    this.#checkOpen();
    return this.#native.takeTurn(exclusive, granted);
  }

  /** @internal Puts the feeds where the loops of a measurement find them. */
  async openPath(feeds: Feeds, path: DataPath, signal?: AbortSignalLike): Promise<OpenPath> {
    this.#checkOpen();
    if (path === 'host') return HOST_PATH;
    const open = () => this.#bindings.open(feeds, path === 'pinned' ? 'pinned' : 'gpu', { signal });
    const { id, close } = await (this.#capturesEngine ? (this.#engine as SessionEngine).run(open) : open());
    return {
      binding: id,
      close: (waitedFor) => (this.#released === undefined ? close(waitedFor) : Promise.resolve()),
    };
  }

  /**
   * @internal One run before a measurement where TensorRT may build an engine in it: the first one, or one with shapes
   * that were not there before. It is in no window and no latency, whatever the warm-up.
   */
  async buildEngines(feeds: Feeds, path: OpenPath, signal?: AbortSignalLike): Promise<void> {
    const engine = this.#engine;
    if (engine === undefined || !(engine.awaitsRun || engine.freeShapes)) return;
    await engine.run(() => this.measureNative(feeds, { repetitions: 1 }, signal, path));
  }

  /** Binding runs the model, as a graph is captured then. */
  get #capturesEngine(): boolean {
    return this.graphCapture && this.#engine?.awaitsRun === true;
  }

  /**
   * @internal The synchronised loop of `measure`: checks the feeds, copies them once, runs natively. Nothing is done that is
   * not asked for.
   */
  async measureNative(
    feeds: Feeds,
    asked: Partial<NativeLoop>,
    signal?: AbortSignalLike,
    { binding }: OpenPath = HOST_PATH,
  ): Promise<LoopResult> {
    this.#checkOpen();
    const feed = binding === undefined ? readFeeds(this.#inputs, feeds) : undefined;
    const ticket = ++this.#ticket;
    const loop = (): Promise<NativeMeasureResult> =>
      this.#native.measure({ ...NO_RUNS, ...asked, ticket, feed, fetch: undefined, binding });
    const result = await (signal === undefined ? loop() : this.#abortable(ticket, signal, loop));
    return { ...result, outputs: toOutputs(this.#outputs, result.outputs, ALL_OUTPUTS) };
  }

  /** @internal The segments of `measurePhases`, on what `openPath` has bound. */
  async phasesNative(
    request: NativePhases,
    { binding }: OpenPath,
    signal?: AbortSignalLike,
  ): Promise<PhasesLoopResult<Outputs>> {
    this.#checkOpen();
    const ticket = ++this.#ticket;
    const run = () => this.#native.measurePhases({ ...request, ticket, binding: binding as number });
    const result = await (signal === undefined ? run() : this.#abortable(ticket, signal, run));
    return { ...result, outputs: toOutputs(this.#outputs, result.outputs, ALL_OUTPUTS) };
  }

  async #runWith(
    ticket: number,
    feed: NativeFeed,
    fetch: FetchPlan,
    options: RunOptionsType,
  ): Promise<Outputs> {
    const { signal } = options;
    throwIfAborted(signal);
    const settings = readRunOptions(options);
    // After an abort the run may go on for a while: it must not write to what the caller has back.
    const into = signal === undefined ? fetch.into : undefined;
    // A run that may be aborted, or that builds an engine first, leaves the event loop free.
    const here = this.#onCaller && signal === undefined && !this.#engine?.awaitsRun;
    const run = (): NativeOutputs | Promise<NativeOutputs> =>
      this.#native.run(ticket, feed, fetch.indices, into, settings, here);
    return toOutputs(this.#outputs, await (signal ? this.#abortable(ticket, signal, run) : run()), fetch);
  }

  /**
   * Rejects with the signal's reason as soon as it fires, as fetch does. The job ends at its next node; one that is in an
   * engine or a graph goes on to its end, and those behind it wait for that.
   */
  async #abortable<T>(
    ticket: number,
    signal: AbortSignalLike,
    start: () => T | Promise<T>,
    drop?: (late: T) => void,
  ): Promise<T> {
    throwIfAborted(signal);
    const job = start();
    if (!(job instanceof Promise)) return job;
    return await unlessAborted(job, signal, () => this.#native.cancel(ticket), drop);
  }

  #checkOpen(): void {
    if (this.#released !== undefined) {
      throw new MicrojouleError(
        'session-released',
        'The session has been released.',
        'Make a new one with InferenceSession.create.',
      );
    }
  }

  #isFetches(value: Fetches | RunOptionsType): value is Fetches {
    if (Array.isArray(value)) return true;
    if (typeof value !== 'object' || value === null) {
      throw invalidArgument('Fetches must be an array of output names or an object, run options an object.');
    }
    return this.outputNames.some((name) => Object.hasOwn(value, name));
  }
}

/** Ordinary memory: each loop takes the feeds along. */
const HOST_PATH: OpenPath = { binding: undefined, close: () => Promise.resolve() };

function boundOnly(): MicrojouleError {
  return new MicrojouleError(
    'not-supported',
    'A session with a CUDA graph runs on bound memory only: the graph would not see other tensors.',
    'Use session.bind({ inputs }) with its run() and outputs(), or session.measure.',
  );
}

function metadata(port: Port): ValueMetadataType {
  return port.isTensor
    ? { name: port.name, isTensor: true, type: port.type, shape: shapeOf(port) }
    : { name: port.name, isTensor: false };
}

/** Types under the names that they have in onnxruntime-common. */
export declare namespace InferenceSession {
  type OnnxValueMapType = Feeds;
  type NullableOnnxValueMapType = { readonly [name: string]: TensorLike | null };
  type FeedsType = Feeds;
  type FetchesType = Fetches;
  type ReturnType = { readonly [name: string]: Tensor };
  type SessionOptions = SessionOptionsType;
  type RunOptions = RunOptionsType;
  type ExecutionProviderConfig = ExecutionProviderConfigType;
  type ValueMetadata = ValueMetadataType;
}
