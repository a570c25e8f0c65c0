import { sleepUnlessAborted, throwIfAborted } from './abort.js';
import { Alignment } from './alignment.js';
import { attributionReport } from './attribution.js';
import { attributionRequest } from './attribution-request.js';
import { calibrationChoice, fittingCalibrations, nativeCalibration } from './calibration/choose.js';
import { energyReports } from './energy-report.js';
import { ERROR_CODES, type ErrorCode, invalidArgument, MicrojouleError } from './errors.js';
import { measureFunction } from './measure-function.js';
import { type EnergyRequest, energiesRequest, energyRequest, meterOptions } from './meter-options.js';
import {
  type NativeCalibrationRequest,
  type NativeCalibrationResult,
  type NativeChannel,
  type NativeDevice,
  type NativeMeter,
  native,
} from './native.js';
import { plainData } from './plain.js';
import type { CounterTiming } from './planner/block-design.js';
import type { BlockReports } from './repeated-report.js';
import { ResolvedReader } from './resolved.js';
import { stepRecord, stepRecordRequest } from './step-record.js';
import type { Attribution, AttributionOptions, Phase, PhaseColumns } from './types/attribution.js';
import type { Calibration } from './types/calibration.js';
import type { EnergyKind, EnergyReport, Mark, Scope } from './types/energy.js';
import type {
  AbortSignalLike,
  Channel,
  EnergiesOptions,
  EnergyOptions,
  Measured,
  MeterMeasureOptions,
  MeterOptions,
  MeterStatistics,
  SourceName,
  StepRecord,
  StepRecordOptions,
} from './types/meter.js';

const NS_PER_MS = 1e6;
const MAX_INSTANT = 2n ** 63n - 1n;
const PERIODS_TO_LEARN = 4;
/**
 * A period that was seen is followed until it is known so well, relative standard uncertainty: start phases that are meant
 * to fill it would creep from block to block by what it is wrong over a dozen periods. That takes so many at most.
 */
const SETTLED = 0.002;
const PERIODS_TO_SETTLE = 30;

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
  /**
   * As `read`, but the processor's counters, which take microseconds, are read now, on the calling thread; of the others
   * it gives the latest known value. For loops that want the energy of every step.
   */
  readonly sample: (out: Float64Array) => void;

  /** How far back samples are kept at full resolution. @internal */
  readonly historyMs: number;
  /** How far back a window may begin. @internal */
  readonly rememberedMs: number;

  readonly #native: NativeMeter;
  #closed: Promise<void> | undefined;

  /** Instants of the calibrations in use, by UUID. */
  readonly #calibrated: ReadonlyMap<string, string>;

  private constructor(opened: NativeMeter, historySeconds: number, calibrations: readonly Calibration[]) {
    this.#calibrated = new Map(calibrations.map(({ state, at }) => [state.uuid, at]));
    this.#native = opened;
    this.historyMs = 1e3 * historySeconds;
    this.rememberedMs = Math.max(this.historyMs, opened.thinnedForNs / NS_PER_MS);
    this.channels = Object.freeze(opened.channels.map(channelOf));
    this.devices = Object.freeze(opened.devices);
    this.driver = opened.driver === '' ? null : opened.driver;
    this.simulated = opened.simulated;
    this.read = opened.read;
    this.sample = opened.sample;
  }

  /** Rejects where the options are wrong; a counter that cannot be read is a channel that says why. */
  static async open(options: MeterOptions = {}): Promise<Meter> {
    return Meter.#open(options, false);
  }

  /**
   * A handle on the process-wide meter with these options, shared with worker threads; closed with its last handle.
   * @internal
   */
  static async openShared(options: MeterOptions = {}): Promise<Meter> {
    return Meter.#open(options, true);
  }

  static async #open(options: MeterOptions, shared: boolean): Promise<Meter> {
    const checked = meterOptions(options, shared);
    const { sources, roots, historySeconds } = checked;
    const choice = calibrationChoice(options.calibration);
    const gpus = sources.length === 0 || sources.includes('nvml');
    const calibrations = gpus ? await fittingCalibrations(choice, roots) : [];
    const opened = await native().openMeter({
      ...checked,
      calibrations: calibrations.map(nativeCalibration),
    });
    return new Meter(opened, historySeconds, calibrations);
  }

  /**
   * Energy between two instants of this or any process on this machine. Waits for the counter's update after `b`, at
   * most three periods or `timeoutMs`, then answers with what is known.
   */
  async energy(a: Mark, b: Mark, options: EnergyOptions = {}): Promise<EnergyReport> {
    const request = energyRequest(options);
    const marks = marksOf([a, b]);
    const [report] = this.#reports(await this.#resolve(marks, request), marks, request);
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
    const pairs = marksOf(marks);
    return this.#reports(await this.#resolve(pairs, request), pairs, request);
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
    const marks = BigInt64Array.of(request.from, request.to);
    const [energy] = this.#reports(await this.#resolve(marks, request.wait), marks, request.wait);
    const attributed = await this.#native.attribute(request.native);
    this.#requireOpen();
    return attributionReport(this.#native, request, energy as EnergyReport, attributed);
  }

  /**
   * Calls `fn` once, or as often or as long as asked, or until a target is met, and gives its last result with the energy
   * of all calls. What `fn` throws is thrown. With kind 'caused' it waits for `idle.beforeMs` first, so that it is quiet.
   */
  async measure<T>(fn: () => T | PromiseLike<T>, options: MeterMeasureOptions = {}): Promise<Measured<T>> {
    if (typeof fn !== 'function') throw invalidArgument('measure() needs a function.');
    const release = await this.holdWindow();
    try {
      return await measureFunction(this, fn, options);
    } finally {
      release();
    }
  }

  /**
   * Reads one of the processor's counters without pause for `durationMs`, on a thread that stays on its package, and
   * gives each of its steps with the time of it. The thread keeps one CPU busy meanwhile: that energy is in the figures.
   */
  async recordSteps(options: StepRecordOptions): Promise<StepRecord> {
    this.#requireOpen();
    const { channel, durationMs } = stepRecordRequest(options, this.channels);
    const { id, method } = this.channels[channel] as Channel;
    return stepRecord(id, method, await this.#native.recordSteps(channel, durationMs * NS_PER_MS));
  }

  /** Cost and health of the meter's threads. */
  statistics(): MeterStatistics {
    const threads = this.#native.statistics().map(({ reason, ...thread }) => ({
      ...thread,
      ...(reason === '' ? {} : { reason }),
    }));
    return plainData<MeterStatistics>({ memoryBytes: this.#native.memoryBytes, threads });
  }

  /** Windows of the kind asked for, with what else is known of the same ones. @internal */
  async blockReports(marks: BigInt64Array, request: EnergyRequest): Promise<BlockReports> {
    const resolved = await this.#resolve(marks, request);
    const of = (kind: EnergyKind) => this.#reports(resolved, marks, { ...request, kind, timeline: false });
    const reports = this.#reports(resolved, marks, request);
    const quiet = request.idleBeforeNs > 0 || request.idleAfterNs > 0;
    return {
      reports,
      gross: request.kind === 'window' ? reports : of('window'),
      net: request.kind === 'caused' ? reports : quiet ? of('caused') : undefined,
    };
  }

  /**
   * The slowest counter of these channels, or of all, once its period was seen; undefined where none can be read. A
   * counter whose updates nobody follows shows no period: it is waited for as long as a few updates take. @internal
   */
  async learnedTiming(ids: readonly string[], signal?: AbortSignalLike): Promise<CounterTiming | undefined> {
    const begun = performance.now();
    for (;;) {
      const slowest = this.#slowest(ids);
      if (!slowest) return undefined;
      const { learned, settled, periodMs } = slowest;
      const patience = learned ? PERIODS_TO_SETTLE : PERIODS_TO_LEARN;
      if (settled || performance.now() - begun > patience * periodMs) return slowest;
      await sleepUnlessAborted(periodMs / 4, signal);
    }
  }

  #slowest(ids: readonly string[]): (CounterTiming & { learned: boolean; settled: boolean }) | undefined {
    this.#requireOpen();
    const counters = this.#native.timing().filter(({ periodNs }, i) => {
      const { id } = this.channels[i] as Channel;
      return Number.isFinite(periodNs) && (ids.length === 0 || ids.includes(id));
    });
    const [slowest] = counters.sort((a, b) => b.periodNs - a.periodNs);
    return (
      slowest && {
        periodMs: slowest.periodNs / NS_PER_MS,
        decayMs: slowest.decayNs / NS_PER_MS,
        learned: slowest.learned,
        settled: slowest.periodUncertaintyNs <= SETTLED * slowest.periodNs,
      }
    );
  }

  /** Of one window of this thread. @internal */
  alignment(): Alignment {
    this.#requireOpen();
    return new Alignment(this.#native);
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

  /** What bursts between these marks tell of channels[request.channel]. @internal */
  calibrate(request: NativeCalibrationRequest): Promise<NativeCalibrationResult> {
    this.#requireOpen();
    return this.#native.calibrate(request);
  }

  /** Stops the threads; waits that are pending reject with `meter-closed`. May be called again. */
  close(): Promise<void> {
    this.#closed ??= this.#native.close();
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #reports(reader: ResolvedReader, marks: BigInt64Array, request: EnergyRequest): EnergyReport[] {
    return energyReports(this.#native, reader, marks, request, this.#calibrated);
  }

  async #resolve(marks: BigInt64Array, request: EnergyRequest): Promise<ResolvedReader> {
    this.#requireOpen();
    const { signal, idleBeforeNs, idleAfterNs, timeoutNs, covariance } = request;
    throwIfAborted(signal);
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
      return new ResolvedReader(resolved, this.channels.length);
    } catch (error) {
      if ((error as MicrojouleError).code === 'aborted') throwIfAborted(signal);
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
