/// <reference lib="esnext.disposable" preserve="true" />
import { checkKeys, choice, plainObject } from './check-options.js';
import { invalidArgument, MicrojouleError } from './errors.js';
import { outputIndex, type Port, readFeeds, readSomeFeeds } from './feeds.js';
import { ALL_OUTPUTS, type FetchPlan, type Outputs, toOutputs } from './fetches.js';
import { CAPTURING_RUNS } from './graph-capture.js';
import type { NativeSession } from './native.js';
import type { AbortSignalLike } from './types/meter.js';
import type { BindingLocation, BindOptions, Feeds } from './types/onnx.js';

/** Positions in the addon's list of places (native/ort/memory.h). */
const PLACES: Record<BindingLocation, number> = { cpu: 0, pinned: 1, gpu: 2 };

/** What of a session a binding needs. */
export interface BindingHost {
  readonly native: NativeSession;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly device: object | null;
  readonly graph: boolean;
  checkOpen(): void;
  isReleased(): boolean;
  nextTicket(): number;
  abortable<T>(
    ticket: number,
    signal: AbortSignalLike,
    start: () => Promise<T>,
    drop?: (late: T) => void,
  ): Promise<T>;
}

/** A binding that is ready, and how to end it; `waitedFor` false: the process may end before that is done. */
interface OpenBinding {
  id: number;
  close: (waitedFor?: boolean) => Promise<void>;
}

interface OpenHow {
  fetch?: FetchPlan;
  signal?: AbortSignalLike | undefined;
}

/**
 * Inputs and outputs that stay where they are from run to run. `update` refills inputs, `run` runs, `outputs` fetches.
 * Its memory is given back by `release`, or with the session.
 */
export class Binding {
  readonly location: BindingLocation;
  /** Names of the outputs that are bound. */
  readonly outputNames: readonly string[];

  readonly #host: BindingHost;
  readonly #id: number;
  readonly #fetch: FetchPlan;
  readonly #giveBack: () => Promise<void>;
  #released: Promise<void> | undefined;

  private constructor(
    host: BindingHost,
    id: number,
    location: BindingLocation,
    fetch: FetchPlan,
    giveBack: () => Promise<void>,
  ) {
    this.#host = host;
    this.#id = id;
    this.#fetch = fetch;
    this.#giveBack = giveBack;
    this.location = location;
    const ports = host.outputs;
    this.outputNames = (fetch.indices ?? ports.map((_, i) => i)).map((i) => (ports[i] as Port).name);
  }

  /** @internal */
  static over(
    host: BindingHost,
    id: number,
    location: BindingLocation,
    fetch: FetchPlan,
    giveBack: () => Promise<void>,
  ): Binding {
    return new Binding(host, id, location, fetch, giveBack);
  }

  /**
   * Copies these inputs, or some of them, to where they are bound. A buffer stays in place as long as its shape does.
   * What was fetched before stays as it was; `outputs` then waits for another run.
   */
  async update(inputs: Feeds): Promise<void> {
    this.#checkOpen();
    await this.#host.native.updateBinding(this.#id, readSomeFeeds(this.#host.inputs, inputs));
  }

  /** Runs the model once on what is bound; settles when the device is done. */
  async run(options: { signal?: AbortSignalLike } = {}): Promise<void> {
    this.#checkOpen();
    checkKeys('option of Binding.run:', plainObject('options', options), ['signal']);
    const ticket = this.#host.nextTicket();
    const run = (): Promise<void> => this.#host.native.runBinding(ticket, this.#id);
    await (options.signal === undefined ? run() : this.#host.abortable(ticket, options.signal, run));
  }

  /** The outputs of the last run, copied to tensors of their own. */
  async outputs(): Promise<Outputs> {
    this.#checkOpen();
    return toOutputs(this.#host.outputs, await this.#host.native.fetchBinding(this.#id), this.#fetch);
  }

  /** Gives the memory back after the runs that are under way. Twice is once. */
  release(): Promise<void> {
    this.#released ??= this.#host.isReleased() ? Promise.resolve() : this.#giveBack();
    return this.#released;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.release();
  }

  #checkOpen(): void {
    this.#host.checkOpen();
    if (this.#released !== undefined) {
      throw new MicrojouleError(
        'session-released',
        'The binding has been released.',
        'Make a new one with session.bind.',
      );
    }
  }
}

/**
 * The bindings of one session. A session with a graph has one set of buffers for life, because the graph goes on
 * reading and writing where it did when it was captured; only one at a time may use them.
 */
export class Bindings {
  #graphBinding: Promise<number> | undefined;
  #taken = false;

  constructor(private readonly host: BindingHost) {}

  async bind(options: BindOptions): Promise<Binding> {
    const { host } = this;
    checkKeys('option of bind:', plainObject('options', options), ['inputs', 'outputs', 'location']);
    const location = this.#location(options.location);
    const fetch = readOutputs(host, options.outputs);
    if (host.graph && fetch !== ALL_OUTPUTS) {
      throw new MicrojouleError('not-supported', 'A graph gives all outputs.', 'Leave out outputs.');
    }
    const { id, close } = await this.open(options.inputs, location, { fetch });
    return Binding.over(host, id, location, fetch, close);
  }

  async open(inputs: Feeds, location: BindingLocation, how: OpenHow = {}): Promise<OpenBinding> {
    if (this.host.graph) return this.#openGraph(inputs, how.signal);
    const { native } = this.host;
    const id = await this.#make(inputs, location, how);
    return { id, close: (waitedFor = true) => native.releaseBinding(id, waitedFor) };
  }

  /** Of one that came when nobody waited for it any more. */
  #leave(id: number): void {
    if (!this.host.isReleased()) this.host.native.releaseBinding(id, false).catch(() => {});
  }

  async #openGraph(inputs: Feeds, signal: AbortSignalLike | undefined): Promise<OpenBinding> {
    if (this.#taken) {
      throw new MicrojouleError(
        'not-supported',
        'The graph of this session has one set of inputs and outputs, which another binding or measurement uses.',
        'Release that one first, or make another session.',
      );
    }
    this.#taken = true;
    const close = (): Promise<void> => {
      this.#taken = false;
      return Promise.resolve();
    };
    try {
      return { id: await this.#graphBuffers(inputs, signal), close };
    } catch (error) {
      this.#taken = false;
      throw error;
    }
  }

  async #graphBuffers(inputs: Feeds, signal: AbortSignalLike | undefined): Promise<number> {
    if (this.#graphBinding === undefined) {
      const made = this.#make(inputs, 'gpu', { signal }, CAPTURING_RUNS);
      this.#graphBinding = made;
      made.catch(() => {
        this.#graphBinding = undefined;
      });
      return made;
    }
    const id = await this.#graphBinding;
    await this.host.native.updateBinding(id, readFeeds(this.host.inputs, inputs));
    return id;
  }

  async #make(
    inputs: Feeds,
    location: BindingLocation,
    { fetch = ALL_OUTPUTS, signal }: OpenHow,
    runs = 0,
  ): Promise<number> {
    const { native, inputs: ports, graph } = this.host;
    const feed = readFeeds(ports, inputs);
    const ticket = this.host.nextTicket();
    const bind = () => native.bind(ticket, PLACES[location], feed, fetch.indices, runs, graph);
    return signal === undefined
      ? bind()
      : this.host.abortable(ticket, signal, bind, (late) => this.#leave(late));
  }

  #location(asked: BindingLocation | undefined): BindingLocation {
    const { device, graph } = this.host;
    const location = choice('location', asked ?? (device === null ? 'cpu' : 'gpu'), {
      cpu: 'cpu' as const,
      pinned: 'pinned' as const,
      gpu: 'gpu' as const,
    });
    if (location !== 'cpu' && device === null) throw noDevice(`location '${location}'`);
    if (graph && location !== 'gpu') {
      throw new MicrojouleError(
        'not-supported',
        `A graph reads and writes memory of the GPU, not of '${location}'.`,
        "Give location: 'gpu', or leave it out.",
      );
    }
    return location;
  }
}

/** A place that only a session on a CUDA device has. */
export function noDevice(what: string): MicrojouleError {
  return new MicrojouleError(
    'not-supported',
    `The ${what} needs a session on a CUDA device: on the processor all memory is the same.`,
    "Leave it out, or give executionProviders: ['cuda'] or ['tensorrt'].",
  );
}

function readOutputs(host: BindingHost, outputs: readonly string[] | undefined): FetchPlan {
  if (outputs === undefined) return ALL_OUTPUTS;
  if (!Array.isArray(outputs) || outputs.length === 0) {
    throw invalidArgument('outputs must be an array of at least one output name.');
  }
  return { ...ALL_OUTPUTS, indices: outputs.map((name) => outputIndex(host.outputs, name)) };
}
