import { attributionReport } from './attribution.js';
import { attributionRequest } from './attribution-request.js';
import { energyReports } from './energy-report.js';
import { ERROR_CODES, type ErrorCode, invalidArgument, MicrojouleError } from './errors.js';
import { mark } from './mark.js';
import {
  type EnergyRequest,
  energiesRequest,
  energyRequest,
  measureLength,
  meterOptions,
} from './meter-options.js';
import { type NativeChannel, type NativeDevice, type NativeMeter, native } from './native.js';
import { plainData } from './plain.js';
import { ResolvedReader } from './resolved.js';
import type { Attribution, AttributionOptions, Phase, PhaseColumns } from './types/attribution.js';
import type { EnergyReport, Mark, Scope } from './types/energy.js';
import type {
  Channel,
  EnergiesOptions,
  EnergyOptions,
  Measured,
  MeterMeasureOptions,
  MeterOptions,
  MeterStatistics,
  SourceName,
} from './types/meter.js';

const NS_PER_MS = 1e6;
const MAX_INSTANT = 2n ** 63n - 1n;
const MEASURE_KEYS = ['repetitions', 'minDurationMs', 'target', 'maxDurationMs'];

let lastTicket = 0;

/**
 * Reads every energy counter that can be read here, on threads of its own, and tells the energy of any window of
 * time. An open meter keeps no process alive; a wait for an energy does.
 */
export class Meter {
  /** One entry a counter; what cannot be read says why in `unsupported`. */
  readonly channels: readonly Channel[];
  /** @internal */
  readonly devices: readonly NativeDevice[];
  /** Version of the NVIDIA driver; null where there is none. */
  readonly driver: string | null;
  /** True where the counters are a labelled fake. */
  readonly simulated: boolean;
  /**
   * Fills `out[i]` with the latest joules since opening of `channels[i]`, NaN where not measured. Allocates nothing.
   * A free function: it may be taken off the meter. Throws `meter-closed` after `close`.
   */
  readonly read: (out: Float64Array) => void;

  readonly #native: NativeMeter;
  #closed: Promise<void> | undefined;

  private constructor(opened: NativeMeter) {
    this.#native = opened;
    this.channels = Object.freeze(opened.channels.map(channelOf));
    this.devices = Object.freeze(opened.devices);
    this.driver = opened.driver === '' ? null : opened.driver;
    this.simulated = opened.simulated;
    this.read = opened.read;
  }

  /** Rejects where the options are wrong; a counter that cannot be read is a channel that says why. */
  static async open(options: MeterOptions = {}): Promise<Meter> {
    return new Meter(await native().openMeter(meterOptions(options, false)));
  }

  /**
   * A handle on the process-wide meter with these options, shared with worker threads; closed with its last handle.
   * @internal
   */
  static async openShared(options: MeterOptions = {}): Promise<Meter> {
    return new Meter(await native().openMeter(meterOptions(options, true)));
  }

  /**
   * Energy between two instants of this or any process on this machine. Waits for the counter's update after `b`, at
   * most three periods or `timeoutMs`, then answers with what is known.
   */
  async energy(a: Mark, b: Mark, options: EnergyOptions = {}): Promise<EnergyReport> {
    const request = energyRequest(options);
    const [report] = await this.#resolve(marksOf([a, b]), request);
    return report as EnergyReport;
  }

  /**
   * Energies of many windows, given as pairs `a0, b0, a1, b1, …`; they may nest and overlap. They come from one posterior:
   * the parts of a window sum to the whole.
   */
  async energies(marks: BigInt64Array, options: EnergiesOptions = {}): Promise<EnergyReport[]> {
    const request = energiesRequest(options);
    if (!(marks instanceof BigInt64Array) || marks.length % 2 !== 0) {
      throw invalidArgument('energies() needs a BigInt64Array of pairs: a0, b0, a1, b1, …');
    }
    if (marks.length === 0) return [];
    return this.#resolve(marksOf(marks), request);
  }

  /**
   * Powers of phases that alternate, also where they are shorter than a counter's step: many occurrences of each, told
   * apart by how much of each the intervals between the counter's updates hold. Phases may not overlap; time in none is
   * 'rest'. Waits as `energy` does. Whether the phases can be told apart is said per channel, never thrown.
   */
  async attribute(
    phases: readonly Phase[] | PhaseColumns,
    options: AttributionOptions = {},
  ): Promise<Attribution> {
    const request = attributionRequest(phases, options);
    const [energy] = await this.#resolve(BigInt64Array.of(request.from, request.to), request.wait);
    const attributed = await this.#native.attribute(request.native);
    this.#requireOpen();
    return attributionReport(this.#native, request, energy as EnergyReport, attributed);
  }

  /**
   * Calls `fn` once, or `repetitions` times, or for `minDurationMs`, and gives its last result with the energy of all
   * calls. What `fn` throws is thrown. With kind 'caused' it waits for `idle.beforeMs` first, so that it is quiet.
   */
  async measure<T>(fn: () => T | PromiseLike<T>, options: MeterMeasureOptions = {}): Promise<Measured<T>> {
    if (typeof fn !== 'function') throw invalidArgument('measure() needs a function.');
    const request = energyRequest(options, MEASURE_KEYS);
    const readable = this.channels.some(({ unsupported }) => unsupported === undefined);
    const length = measureLength(options, readable);
    this.#requireOpen();
    await this.#native.beginWindow();
    try {
      await quiet(request.kind === 'caused' ? request.idleBeforeNs / NS_PER_MS : 0, request);
      const start = mark();
      let repetitions = 0;
      let elapsedMs = 0;
      let result: T;
      do {
        if (request.signal?.aborted) abort(request);
        const returned = fn();
        result = isThenable(returned) ? await returned : returned;
        repetitions += 1;
        elapsedMs = Number(mark() - start) / NS_PER_MS;
      } while (
        elapsedMs < length.maxDurationMs &&
        (repetitions < length.repetitions || elapsedMs < length.minDurationMs)
      );
      const end = mark();
      const [energy] = await this.#resolve(marksOf([start, end]), request);
      return plainData<Measured<T>>({
        result,
        repetitions,
        start,
        end,
        durationMs: Number(end - start) / NS_PER_MS,
        energy: energy as EnergyReport,
      });
    } finally {
      this.#native.endWindow();
    }
  }

  /** Cost and health of the meter's threads. */
  statistics(): MeterStatistics {
    const threads = this.#native.statistics().map(({ reason, ...thread }) => ({
      ...thread,
      ...(reason === '' ? {} : { reason }),
    }));
    return plainData<MeterStatistics>({ memoryBytes: this.#native.memoryBytes, threads });
  }

  /** With `sampling: 'windows'`, slow counters are read until the function returned is called. @internal */
  async holdWindow(): Promise<() => void> {
    this.#requireOpen();
    await this.#native.beginWindow();
    let held = true;
    return () => {
      if (held) this.#native.endWindow();
      held = false;
    };
  }

  /** Stops the threads; waits that are pending reject with `meter-closed`. May be called again. */
  close(): Promise<void> {
    this.#closed ??= this.#native.close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #resolve(marks: BigInt64Array, request: EnergyRequest): Promise<EnergyReport[]> {
    this.#requireOpen();
    const { signal, idleBeforeNs, idleAfterNs, timeoutNs, covariance } = request;
    if (signal?.aborted) abort(request);
    lastTicket += 1;
    const ticket = lastTicket;
    const cancel = () => this.#native.cancelResolve(ticket);
    signal?.addEventListener('abort', cancel, { once: true });
    try {
      const resolved = await this.#native.resolve({
        ticket,
        marks,
        idleBeforeNs,
        idleAfterNs,
        timeoutNs,
        covariance,
      });
      this.#requireOpen();
      return energyReports(this.#native, new ResolvedReader(resolved, this.channels.length), marks, request);
    } catch (error) {
      if (signal?.aborted && (error as MicrojouleError).code === 'aborted') abort(request);
      throw error;
    } finally {
      signal?.removeEventListener('abort', cancel);
    }
  }

  #requireOpen(): void {
    if (this.#closed) {
      throw new MicrojouleError(
        'meter-closed',
        'The meter is closed.',
        'Open another one: await Meter.open().',
      );
    }
  }
}

function channelOf({ id, scope, index, source, method, unsupported }: NativeChannel): Channel {
  return {
    id,
    scope: scope as Scope,
    index,
    source: source as SourceName,
    method,
    unit: 'J',
    ...(unsupported
      ? {
          unsupported: {
            code: ERROR_CODES.find((code) => code === unsupported.code) ?? ('internal' satisfies ErrorCode),
            reason: unsupported.reason,
            ...(unsupported.remedy === '' ? {} : { remedy: unsupported.remedy }),
          },
        }
      : {}),
  };
}

function marksOf(marks: Iterable<Mark>): BigInt64Array {
  const list = [...marks];
  for (const instant of list) {
    if (typeof instant !== 'bigint' || instant < 0n || instant > MAX_INSTANT) {
      throw invalidArgument(
        `An instant must be a bigint of nanoseconds, not ${String(instant)}.`,
        'Take it with mark() or process.hrtime.bigint().',
      );
    }
  }
  for (let i = 0; i < list.length; i += 2) {
    if ((list[i + 1] as bigint) < (list[i] as bigint)) {
      throw invalidArgument('A window ends before it begins.', 'Give the earlier mark first.');
    }
  }
  return BigInt64Array.from(list);
}

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | undefined)?.then === 'function';
}

function abort({ signal }: EnergyRequest): never {
  throw signal?.reason ?? new MicrojouleError('aborted', 'The wait was aborted.');
}

async function quiet(ms: number, request: EnergyRequest): Promise<void> {
  if (ms <= 0) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      request.signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    request.signal?.addEventListener('abort', done, { once: true });
  });
}
