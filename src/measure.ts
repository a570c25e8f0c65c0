import { type BlockMarks, type BlockRunner, needsRunTime, type Round } from './block-plan.js';
import { withDefaultMeter } from './default-meter.js';
import { type AskForTurn, takeTurn } from './device-turn.js';
import { invalidArgument } from './errors.js';
import { LatencyLog } from './latency.js';
import { type MeasuredBlocks, measureBlocks } from './measure-blocks.js';
import { type MeasurePlan, planMeasurement } from './measure-plan.js';
import { Meter } from './meter.js';
import type { NativeMeasureRequest, NativeMeasureResult } from './native.js';
import { deviceOf, deviceOfSession, joinedSessions } from './other-sessions.js';
import { plainData } from './plain.js';
import { startPhases } from './planner/block-design.js';
import { bindsOnDevice } from './providers.js';
import { attachBoard, type DeviceIdentity, dividePerInference } from './session-energy.js';
import { targetChannels } from './target-scope.js';
import type { EngineReport } from './types/engine.js';
import type { DataPath, Measurement, MeasureOptions, MeasureProgress } from './types/measure.js';
import type { AbortSignalLike } from './types/meter.js';
import type { Feeds, Placement, SkippedProvider } from './types/onnx.js';
import type { Precision } from './types/precision.js';
import { VERSION } from './version.js';

const NS_PER_MS = 1e6;
const DEFAULT_QUIET_MS = 1000;
/** Runs are timed for so long where their time decides how many make a block. */
const TIMING_MS = 100;
const PHASES = ['warm-up', 'idle-before', 'running', 'idle-after', 'sham'] as const;

/** What of a session a measurement needs. */
export interface MeasurableSession<O> {
  readonly providers: readonly string[];
  readonly skippedProviders: readonly SkippedProvider[];
  /** The CUDA device; null on the CPU. */
  readonly device: DeviceIdentity | null;
  readonly runtime: { readonly version: string };
  readonly placement: Placement;
  readonly precision: { readonly [provider: string]: Precision };
  /** It replays a CUDA graph. */
  readonly graphCapture: boolean;
  /** Of TensorRT. */
  readonly engine: EngineReport | null;
  /** Engines that would be built in the first timed run are built now. */
  buildEngines(feeds: Feeds, path: OpenPath, signal?: AbortSignalLike): Promise<void>;
  /** Asks for a turn on the device. */
  readonly askForTurn: AskForTurn;
  /** Puts the feeds where the loops find them. */
  openPath(feeds: Feeds, path: DataPath, signal?: AbortSignalLike): Promise<OpenPath>;
  /** Checks the feeds, then runs the synchronised loop on the session's own thread. */
  measureNative(
    feeds: Feeds,
    request: NativeLoop,
    signal?: AbortSignalLike,
    path?: OpenPath,
  ): Promise<LoopResult<O>>;
}

/** A data path that is ready. */
export interface OpenPath {
  /** The binding that holds the feeds; undefined: each loop takes them along. */
  readonly binding: number | undefined;
  /** `waitedFor` false: the process may end before it is closed. */
  close(waitedFor?: boolean): Promise<void>;
}

export type NativeLoop = Omit<NativeMeasureRequest, 'ticket' | 'feed' | 'fetch' | 'binding'>;

/** A loop in which nothing is asked for yet. */
export const NO_RUNS: NativeLoop = {
  warmup: 0,
  repetitions: 0,
  minDurationNs: 0,
  maxDurationNs: 0,
  idleBeforeNs: 0,
  idleAfterNs: 0,
  phases: new Float64Array(0),
  periodNs: 0,
  originNs: 0n,
  sham: false,
  budgetNs: 0,
  progress: undefined,
};
type LoopResult<O> = Omit<NativeMeasureResult, 'outputs'> & { outputs: O };

/** The synchronised measure-and-infer call: native loops between marks, and the energy between them. */
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
  const target = targetChannels(meter.channels, options.target?.scope, deviceOf(session, meter));
  const plan = planMeasurement(options, target.unreadable, {
    onDevice: session.device !== null && bindsOnDevice(session.providers),
    graph: session.graphCapture,
  });
  const { signal } = options;
  const endTurn = await takeTurn(session.askForTurn.bind(session), plan.turn, signal);
  try {
    const path = await session.openPath(feeds, plan.dataPath, signal);
    try {
      await session.buildEngines(feeds, path, signal);
      return await measureOn(path, { meter, session, feeds, options, plan, targetIds: target.ids });
    } finally {
      // After an abort the last run may be going on, and the path ends behind it.
      if (signal?.aborted) path.close(false).catch(() => {});
      else await path.close();
    }
  } finally {
    endTurn();
  }
}

interface Measuring<O> {
  meter: Meter;
  session: MeasurableSession<O>;
  feeds: Feeds;
  options: MeasureOptions<Meter>;
  plan: MeasurePlan;
  targetIds: readonly string[];
}

async function measureOn<O>(path: OpenPath, measuring: Measuring<O>): Promise<Measurement<O>> {
  const { meter, session, feeds, options, plan, targetIds } = measuring;
  const release = await meter.holdWindow();
  try {
    const loops = new SessionLoops(session, feeds, plan, options, path);
    const blocks = await measureBlocks(
      meter,
      {
        length: plan,
        kind: plan.kind,
        device: deviceOfSession(session, meter),
        quiet: plan.idle,
        defaultQuietMs: DEFAULT_QUIET_MS,
        runMs: needsRunTime(plan) ? await loops.timeRuns() : undefined,
        targetIds: plan.target ? targetIds : [],
        request: {
          signal: options.signal,
          timeoutNs: options.timeoutMs === undefined ? -1 : options.timeoutMs * NS_PER_MS,
        },
        onResolving: () => loops.tell('resolving', 0, 0, 0),
      },
      loops.run,
    );
    return result(meter, session, plan, loops, blocks);
  } finally {
    release();
  }
}

/** The native loops of one measurement, one a round. */
class SessionLoops<O> {
  readonly latency = new LatencyLog();
  readonly others: NativeMeasureResult['others'][] = [];
  outputs: O | undefined;
  #warmed = false;
  #before: { runs: number; blocks: number; ms: number } = { runs: 0, blocks: 0, ms: 0 };
  #planned = 1;
  readonly #began = performance.now();

  constructor(
    private readonly session: MeasurableSession<O>,
    private readonly feeds: Feeds,
    private readonly plan: MeasurePlan,
    private readonly options: MeasureOptions<Meter>,
    private readonly path: OpenPath,
  ) {}

  /** Warms up, and gives the median time of a run. */
  async timeRuns(): Promise<number> {
    const timed = new LatencyLog();
    timed.add(await this.#loop({ ...this.#common(), minDurationNs: TIMING_MS * NS_PER_MS }));
    return timed.summary().p50;
  }

  readonly run: BlockRunner = async (round: Round): Promise<BlockMarks[]> => {
    const { design, first, blocks, planned, budgetMs } = round;
    this.#before = { runs: this.latency.runs, blocks: first, ms: performance.now() - this.#began };
    this.#planned = planned;
    const loop = await this.#loop({
      ...this.#common(),
      repetitions: design.runsPerBlock,
      minDurationNs: design.minDurationMs * NS_PER_MS,
      maxDurationNs: bound(design.maxDurationMs),
      idleBeforeNs: design.beforeMs * NS_PER_MS,
      idleAfterNs: design.afterMs * NS_PER_MS,
      phases: startPhases(first, blocks),
      periodNs: design.periodMs * NS_PER_MS,
      originNs: design.origin,
      sham: design.sham,
      budgetNs: bound(budgetMs),
    });
    this.latency.add(loop);
    this.others.push(loop.others);
    this.outputs = loop.outputs;
    return blockMarks(loop);
  };

  tell(phase: MeasureProgress['phase'], runs: number, elapsedMs: number, blocks: number): void {
    const { runs: runsBefore, blocks: blocksBefore, ms } = this.#before;
    this.options.onProgress?.({
      phase,
      repetitions: phase === 'resolving' ? this.latency.runs : runsBefore + runs,
      elapsedMs: phase === 'resolving' ? performance.now() - this.#began : ms + elapsedMs,
      blocks: { done: blocksBefore + blocks, planned: this.#planned },
    });
  }

  async #loop(request: NativeLoop): Promise<LoopResult<O>> {
    const loop = await this.session.measureNative(this.feeds, request, this.options.signal, this.path);
    this.#warmed = true;
    return loop;
  }

  #common(): NativeLoop {
    return {
      ...NO_RUNS,
      warmup: this.#warmed ? 0 : this.plan.warmup,
      progress:
        this.options.onProgress &&
        ((phase, runs, elapsedMs, blocks) => this.tell(PHASES[phase] ?? 'running', runs, elapsedMs, blocks)),
    };
  }
}

function bound(ms: number): number {
  return Number.isFinite(ms) ? ms * NS_PER_MS : 0;
}

function blockMarks({
  marksNs,
  runs,
  otherJobs,
}: Pick<NativeMeasureResult, 'marksNs' | 'runs' | 'otherJobs'>): BlockMarks[] {
  return Array.from(runs, (count, i) => {
    const [quietFrom, start, end, quietUntil] = marksNs.subarray(4 * i, 4 * i + 4) as unknown as [
      bigint,
      bigint,
      bigint,
      bigint,
    ];
    return { quietFrom, start, end, quietUntil, runs: count, disturbed: (otherJobs[i] ?? 0) > 0 };
  });
}

function result<O>(
  meter: Meter,
  session: MeasurableSession<O>,
  plan: MeasurePlan,
  loops: SessionLoops<O>,
  { energy, repetitions, blocks, sham, ...measured }: MeasuredBlocks,
): Measurement<O> {
  const provider = session.providers[0] as string;
  dividePerInference(energy, repetitions);
  attachBoard(energy, provider, session.device, meter.devices);
  energy.conditions.otherSessions = joinedSessions(loops.others);
  return plainData<Measurement<O>>({
    repetitions,
    warmup: plan.warmup,
    start: measured.start,
    end: measured.end,
    durationMs: measured.durationMs,
    latency: loops.latency.summary(),
    energy,
    idle: energy.idle,
    conditions: energy.conditions,
    timeline: energy.timeline,
    outputs: loops.outputs as O,
    provider,
    ...(session.skippedProviders.length > 0 ? { skippedProviders: [...session.skippedProviders] } : {}),
    dataPath: plan.dataPath,
    graph: session.graphCapture,
    mode: measured.mode,
    placement: structuredClone(session.placement),
    ...(session.engine === null ? {} : { engine: session.engine }),
    precision: structuredClone({ ...session.precision }),
    versions: {
      microjoule: VERSION,
      node: process.version,
      onnxruntime: session.runtime.version,
      driver: meter.driver,
    },
    plan: measured.plan,
    ...(blocks ? { blocks } : {}),
    ...(sham ? { sham } : {}),
  });
}
