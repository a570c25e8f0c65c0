import { withDefaultMeter } from './default-meter.js';
import { invalidArgument } from './errors.js';
import { summarise } from './latency.js';
import { type MeasurePlan, planMeasurement } from './measure-plan.js';
import { Meter } from './meter.js';
import type { NativeMeasureRequest, NativeMeasureResult } from './native.js';
import { plainData } from './plain.js';
import { attachBoard, type DeviceIdentity, dividePerInference } from './session-energy.js';
import type { EnergyReport } from './types/energy.js';
import type { Measurement, MeasureOptions, MeasureProgress } from './types/measure.js';
import type { AbortSignalLike } from './types/meter.js';
import type { Feeds, SkippedProvider } from './types/onnx.js';
import { VERSION } from './version.js';

const NS_PER_MS = 1e6;
const PHASES = ['warm-up', 'idle-before', 'running', 'idle-after'] as const;

/** What of a session a measurement needs. */
export interface MeasurableSession<O> {
  readonly providers: readonly string[];
  readonly skippedProviders: readonly SkippedProvider[];
  /** The CUDA device; null on the CPU. */
  readonly device: DeviceIdentity | null;
  readonly runtime: { readonly version: string };
  /** Checks the feeds, then runs the synchronised loop on the session's own thread. */
  measureNative(feeds: Feeds, request: NativeLoop, signal?: AbortSignalLike): Promise<LoopResult<O>>;
}

export type NativeLoop = Omit<NativeMeasureRequest, 'ticket' | 'feed' | 'fetch'>;
type LoopResult<O> = Omit<NativeMeasureResult, 'outputs'> & { outputs: O };

/** The synchronised measure-and-infer call: one native loop between two marks, and the energy between them. */
export async function measureSession<O>(
  session: MeasurableSession<O>,
  feeds: Feeds,
  options: MeasureOptions<Meter> = {},
): Promise<Measurement<O>> {
  if (options.meter !== undefined && !(options.meter instanceof Meter)) {
    throw invalidArgument('meter must be a Meter.', 'Open one with await Meter.open().');
  }
  const run = (meter: Meter) => measureWith(meter, session, feeds, options);
  return options.meter ? run(options.meter) : withDefaultMeter(run);
}

async function measureWith<O>(
  meter: Meter,
  session: MeasurableSession<O>,
  feeds: Feeds,
  options: MeasureOptions<Meter>,
): Promise<Measurement<O>> {
  const readable = meter.channels.some((channel) => channel.unsupported === undefined);
  const plan = planMeasurement(options, readable);
  const release = await meter.holdWindow();
  try {
    const loop = await session.measureNative(feeds, toNative(plan, options.onProgress), options.signal);
    options.onProgress?.({ phase: 'resolving', repetitions: loop.durationsNs.length, elapsedMs: 0 });
    const energy = await meter.energy(loop.startNs, loop.endNs, energyOptions(plan, loop, options));
    return result(meter, session, plan, loop, energy);
  } finally {
    release();
  }
}

function toNative(plan: MeasurePlan, onProgress: ((p: MeasureProgress) => void) | undefined): NativeLoop {
  return {
    warmup: plan.warmup,
    repetitions: plan.repetitions,
    minDurationNs: plan.minDurationMs * NS_PER_MS,
    maxDurationNs: Number.isFinite(plan.maxDurationMs) ? plan.maxDurationMs * NS_PER_MS : 0,
    idleBeforeNs: plan.idleBeforeMs * NS_PER_MS,
    idleAfterNs: plan.idleAfterMs * NS_PER_MS,
    progress:
      onProgress &&
      ((phase, repetitions, elapsedMs) =>
        onProgress({ phase: PHASES[phase] ?? 'running', repetitions, elapsedMs })),
  };
}

// The quiet time that really passed is what the estimator may use as idle, not what was asked for.
function energyOptions(
  plan: MeasurePlan,
  loop: Omit<NativeMeasureResult, 'outputs'>,
  { kind, signal, timeoutMs }: MeasureOptions<Meter>,
) {
  const quiet = plan.idleBeforeMs > 0 || plan.idleAfterMs > 0;
  return {
    kind: kind ?? (quiet ? ('caused' as const) : ('window' as const)),
    idle: quiet
      ? {
          beforeMs: Number(loop.startNs - loop.quietFromNs) / NS_PER_MS,
          afterMs: Number(loop.quietUntilNs - loop.endNs) / NS_PER_MS,
        }
      : (false as const),
    ...(signal === undefined ? {} : { signal }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
}

function result<O>(
  meter: Meter,
  session: MeasurableSession<O>,
  plan: MeasurePlan,
  loop: LoopResult<O>,
  energy: EnergyReport,
): Measurement<O> {
  const repetitions = loop.durationsNs.length;
  const provider = session.providers[0] as string;
  dividePerInference(energy, repetitions);
  attachBoard(energy, provider, session.device, meter.devices);
  return plainData<Measurement<O>>({
    repetitions,
    warmup: plan.warmup,
    start: loop.startNs,
    end: loop.endNs,
    durationMs: Number(loop.endNs - loop.startNs) / NS_PER_MS,
    latency: summarise(loop.durationsNs),
    energy,
    idle: energy.idle,
    conditions: energy.conditions,
    timeline: energy.timeline,
    outputs: loop.outputs,
    provider,
    ...(session.skippedProviders.length > 0 ? { skippedProviders: [...session.skippedProviders] } : {}),
    dataPath: 'host',
    mode: 'sustained',
    placement: { known: false, nodes: {} },
    versions: {
      microjoule: VERSION,
      node: process.version,
      onnxruntime: session.runtime.version,
      driver: meter.driver,
    },
    plan: plan.sentence,
  });
}
