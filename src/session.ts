/// <reference lib="esnext.disposable" preserve="true" />
import { dirname } from 'node:path';
import { truth } from './check-options.js';
import { invalidArgument, MicrojouleError } from './errors.js';
import { makePort, outputIndex, type Port, pushTensor, readFeeds, shapeOf } from './feeds.js';
import { libraryFolders, readLibraryFolders } from './library-folders.js';
import { measureSession } from './measure.js';
import type { Meter } from './meter.js';
import { checkSource, readCreateArguments, readExternalData } from './model-source.js';
import {
  type NativeFeed,
  type NativeMeasureRequest,
  type NativeMeasureResult,
  type NativeOutputs,
  type NativeRuntime,
  type NativeSession,
  native,
} from './native.js';
import { planProviders } from './providers.js';
import { openRuntime } from './runtime.js';
import { readRunOptions, readSessionOptions } from './session-options.js';
import { type Tensor, trustedTensor } from './tensor.js';
import type { Measurement, MeasureOptions } from './types/measure.js';
import type { AbortSignalLike } from './types/meter.js';
import type {
  ExecutionProviderConfig as ExecutionProviderConfigType,
  Feeds,
  Fetches,
  RunOptions as RunOptionsType,
  SessionOptions as SessionOptionsType,
  SkippedProvider,
  TensorData,
  TensorLike,
  ValueMetadata as ValueMetadataType,
} from './types/onnx.js';

type Outputs = { readonly [name: string]: Tensor };

/** Which outputs a run gives, and where they are written. */
interface FetchPlan {
  /** Indices of outputs in the order asked for; undefined: all. */
  indices: number[] | undefined;
  into: NativeFeed | undefined;
  /** Tensors given to write to, by position. */
  given: (TensorLike | undefined)[] | undefined;
}
const ALL_OUTPUTS: FetchPlan = { indices: undefined, into: undefined, given: undefined };

/** @internal What the synchronised loop is asked for; the feeds are added by the session. */
export type LoopRequest = Omit<NativeMeasureRequest, 'ticket' | 'feed' | 'fetch'>;
/** @internal */
export type LoopResult = Omit<NativeMeasureResult, 'outputs'> & { outputs: Outputs };

/**
 * An ONNX model loaded into the application's own ONNX Runtime, with the shape of onnxruntime-common's
 * InferenceSession. Unlike there, `create` and `run` leave the event loop free. Runs are first in, first out.
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

  readonly #native: NativeSession;
  readonly #inputs: readonly Port[];
  readonly #outputs: readonly Port[];
  #ticket = 0;
  #released: Promise<void> | undefined;

  private constructor(session: NativeSession, runtime: NativeRuntime, skipped: SkippedProvider[]) {
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
    const { source, options } = readCreateArguments(args);
    const common = readSessionOptions(options);
    const strict = options.strict === undefined ? false : truth('strict', options.strict);
    const given = readLibraryFolders(options.libraryFolders);
    const [model, externalData] = await Promise.all([
      checkSource(source),
      readExternalData(options.externalData),
    ]);

    const runtime = openRuntime(options.onnxruntime);
    const plan = planProviders(options.executionProviders, runtime.providers, common.fallback, () =>
      libraryFolders(given, dirname(runtime.path)).map(({ folder }) => folder),
    );
    if (strict && !plan.providers.some((provider) => provider.name === 'cpu')) {
      common.config.keys.push('session.disable_cpu_ep_fallback');
      common.config.values.push('1');
    }
    const session = await native().createSession({
      ...common,
      library: runtime.path,
      ...('path' in model ? { modelPath: model.path } : { modelBytes: model.bytes }),
      providers: plan.providers,
      cpuMemArena: common.cpuMemArena && plan.cpuArena,
      externalData,
    });
    return new InferenceSession(session, runtime, [...plan.skipped, ...session.skipped]);
  }

  /** Runs the model once. Inputs larger than 1 MiB must not be changed or transferred until the run has settled. */
  run(feeds: Feeds, options?: RunOptionsType): Promise<Outputs>;
  /** `fetches`: names of the outputs wanted, or a map from them to tensors to write to, or to null. */
  run(feeds: Feeds, fetches: Fetches, options?: RunOptionsType): Promise<Outputs>;
  async run(feeds: Feeds, second?: Fetches | RunOptionsType, third?: RunOptionsType): Promise<Outputs> {
    this.#checkOpen();
    let fetch = ALL_OUTPUTS;
    let options = third;
    if (second !== undefined) {
      if (this.#isFetches(second)) fetch = this.#readFetches(second);
      else options ??= second as RunOptionsType;
    }
    const feed = readFeeds(this.#inputs, feeds);
    const ticket = ++this.#ticket;
    if (options !== undefined) return this.#runWith(ticket, feed, fetch, options);
    const result = this.#native.run(ticket, feed, fetch.indices, fetch.into, undefined);
    return this.#toOutputs(Array.isArray(result) ? result : await result, fetch);
  }

  /**
   * Runs the model between two marks and measures the energy that it caused. One native call on the session's own
   * thread: warm-up, quiet time, runs, quiet time; no JavaScript runs in between.
   */
  async measure(feeds: Feeds, options?: MeasureOptions<Meter>): Promise<Measurement<Outputs>> {
    this.#checkOpen();
    return await measureSession(this, feeds, options);
  }

  /** Ends the session after the runs that are under way or queued; further calls of it fail. Twice is once. */
  release(): Promise<void> {
    this.#released ??= this.#native.release();
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

  /** @internal The synchronised loop of `measure`: checks the feeds, copies them once, runs natively. */
  async measureNative(feeds: Feeds, request: LoopRequest, signal?: AbortSignalLike): Promise<LoopResult> {
    this.#checkOpen();
    const feed = readFeeds(this.#inputs, feeds);
    const ticket = ++this.#ticket;
    const loop = (): Promise<NativeMeasureResult> =>
      this.#native.measure({ ...request, ticket, feed, fetch: undefined });
    const result = await (signal === undefined ? loop() : this.#abortable(ticket, signal, loop));
    return { ...result, outputs: this.#toOutputs(result.outputs, ALL_OUTPUTS) };
  }

  async #runWith(
    ticket: number,
    feed: NativeFeed,
    fetch: FetchPlan,
    options: RunOptionsType,
  ): Promise<Outputs> {
    const { signal } = options;
    if (signal?.aborted) throw signal.reason;
    const settings = readRunOptions(options);
    const run = (): NativeOutputs | Promise<NativeOutputs> =>
      this.#native.run(ticket, feed, fetch.indices, fetch.into, settings);
    return this.#toOutputs(await (signal ? this.#abortable(ticket, signal, run) : run()), fetch);
  }

  /** Cancels the job when the signal fires; a job that it ended rejects with the signal's reason, as fetch does. */
  async #abortable<T>(ticket: number, signal: AbortSignalLike, start: () => T | Promise<T>): Promise<T> {
    if (signal.aborted) throw signal.reason;
    const cancel = (): void => this.#native.cancel(ticket);
    const job = start();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      return await job;
    } catch (error) {
      if (signal.aborted && error instanceof MicrojouleError && error.code === 'aborted') throw signal.reason;
      throw error;
    } finally {
      signal.removeEventListener('abort', cancel);
    }
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

  #readFetches(fetches: Fetches): FetchPlan {
    if (Array.isArray(fetches)) {
      if (fetches.length === 0) throw invalidArgument('Fetches must name at least one output.');
      return { ...ALL_OUTPUTS, indices: fetches.map((name) => outputIndex(this.#outputs, name)) };
    }
    const indices: number[] = [];
    const into: NativeFeed = [];
    const given: (TensorLike | undefined)[] = [];
    for (const [name, tensor] of Object.entries(fetches as Record<string, TensorLike | null>)) {
      const index = outputIndex(this.#outputs, name);
      const port = this.#outputs[index] as Port;
      // Strings live in ONNX Runtime's memory: they are copied to the tensor afterwards.
      if (tensor !== null)
        pushTensor(port.type === 'string' ? [] : into, indices.length, port, tensor, 'output');
      given.push(tensor ?? undefined);
      indices.push(index);
    }
    return { indices, into, given };
  }

  #toOutputs(list: NativeOutputs, fetch: FetchPlan): Outputs {
    const outputs: Record<string, Tensor> = {};
    const count = list.length / 2;
    for (let i = 0; i < count; i++) {
      const port = this.#outputs[fetch.indices === undefined ? i : (fetch.indices[i] as number)] as Port;
      const data = list[2 * i] as TensorData | undefined;
      const dims = (list[2 * i + 1] as number[] | undefined) ?? port.dims;
      const given = fetch.given?.[i];
      outputs[port.name] =
        given === undefined
          ? trustedTensor(port.type, data as TensorData, dims)
          : filled(given, data as string[] | undefined);
    }
    return outputs;
  }
}

/** The tensor that was given to write to; strings are put into its array. */
function filled(tensor: TensorLike, strings: string[] | undefined): Tensor {
  if (strings !== undefined) {
    const target = tensor.data as string[];
    for (let i = 0; i < strings.length; i++) target[i] = strings[i] as string;
  }
  return tensor as Tensor;
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
