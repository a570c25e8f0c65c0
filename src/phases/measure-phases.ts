import { withDefaultMeter } from '../default-meter.js';
import { type AskForTurn, takeTurn } from '../device-turn.js';
import type { OpenPath } from '../measure.js';
import type { Meter } from '../meter.js';
import type { NativePhasesRequest, NativePhasesResult } from '../native.js';
import { deviceOfSession, disturbed, disturbedAttribution, joinedSessions } from '../other-sessions.js';
import { type DeviceIdentity, matchDevice } from '../session-energy.js';
import type { DataPath } from '../types/measure.js';
import type { AbortSignalLike } from '../types/meter.js';
import type { Feeds, Placement, SkippedProvider } from '../types/onnx.js';
import type { PhaseSegment, PhasesMeasurement, PhasesOptions, PhasesProgress } from '../types/phases.js';
import type { Precision } from '../types/precision.js';
import { type PhasesRequest, readPhasesOptions, requireDevice, requireHistory } from './options.js';
import { CYCLE, KINDS, planSegments, type SegmentPlan } from './plan.js';
import { phasesResult } from './result.js';

const NS_PER_MS = 1e6;

/** What of a session the phases of an inference need. */
export interface PhasedSession<O> {
  readonly providers: readonly string[];
  readonly skippedProviders: readonly SkippedProvider[];
  readonly device: DeviceIdentity | null;
  readonly runtime: { readonly version: string };
  readonly placement: Placement;
  readonly graphCapture: boolean;
  /** Asks for a turn on the device. */
  readonly askForTurn: AskForTurn;
  readonly precision: { readonly [provider: string]: Precision };
  openPath(feeds: Feeds, path: DataPath, signal?: AbortSignalLike): Promise<OpenPath>;
  /** Engines that would be built in the first run are built now. */
  buildEngines(feeds: Feeds, path: OpenPath, signal?: AbortSignalLike): Promise<void>;
  /** Runs the segments on the session's own thread. */
  phasesNative(request: NativePhases, path: OpenPath, signal?: AbortSignalLike): Promise<PhasesLoopResult<O>>;
}

export type NativePhases = Omit<NativePhasesRequest, 'ticket' | 'binding'>;
export type PhasesLoopResult<O> = Omit<NativePhasesResult, 'outputs'> & { outputs: O };

/** Copies, compute and whole inferences in segments of their own, and what the counters tell of each. */
export async function measurePhases<O>(
  session: PhasedSession<O>,
  feeds: Feeds,
  options: PhasesOptions<Meter> = {},
): Promise<PhasesMeasurement<O>> {
  const request = readPhasesOptions(options);
  requireDevice(session.device);
  const run = (meter: Meter) => phasesWith(meter, session, feeds, options, request);
  return options.meter ? run(options.meter) : withDefaultMeter(run);
}

async function phasesWith<O>(
  meter: Meter,
  session: PhasedSession<O>,
  feeds: Feeds,
  options: PhasesOptions<Meter>,
  request: PhasesRequest,
): Promise<PhasesMeasurement<O>> {
  requireHistory(request.durationMs, meter.historyMs);
  const own = session.device && matchDevice(session.device, meter.devices)?.id;
  const endTurn = await takeTurn(session.askForTurn.bind(session), request.turn, options.signal);
  const release = await meter.holdWindow();
  try {
    const timing = await meter.learnedTiming(own ? [own] : [], options.signal);
    const plan = planSegments(request.durationMs, request.seed, timing?.periodMs ?? 0);
    const path = await session.openPath(feeds, 'device', options.signal);
    let loop: PhasesLoopResult<O>;
    try {
      await session.buildEngines(feeds, path, options.signal);
      loop = await session.phasesNative(nativeRequest(request, plan, options), path, options.signal);
    } finally {
      await path.close();
    }
    return await resolved(meter, session, options, request, plan, loop);
  } finally {
    release();
    endTurn();
  }
}

function nativeRequest(
  { durationMs, pinned, warmup }: PhasesRequest,
  { kinds, lengthsMs }: SegmentPlan,
  { onProgress }: PhasesOptions<Meter>,
): NativePhases {
  const planned = kinds.length;
  return {
    kinds,
    lengthsNs: lengthsMs.map((ms) => ms * NS_PER_MS),
    round: CYCLE,
    budgetNs: durationMs * NS_PER_MS,
    warmup,
    pinned,
    progress:
      onProgress &&
      ((phase, calls, elapsedMs, done) =>
        onProgress({
          phase: phase === 0 ? 'warm-up' : 'running',
          calls,
          elapsedMs,
          segments: { done, planned },
        })),
  };
}

async function resolved<O>(
  meter: Meter,
  session: PhasedSession<O>,
  options: PhasesOptions<Meter>,
  request: PhasesRequest,
  plan: SegmentPlan,
  loop: PhasesLoopResult<O>,
): Promise<PhasesMeasurement<O>> {
  const segments = segmentsOf(loop);
  options.onProgress?.(resolving(segments));
  const { signal, timeoutMs } = options;
  const wait = {
    ...(signal === undefined ? {} : { signal }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  };
  const [first, last] = [segments[0] as PhaseSegment, segments.at(-1) as PhaseSegment];
  const alone = await meter.energy(first.start, last.end, wait);
  const device = deviceOfSession(session, meter);
  const shared = loop.others.length > 0;
  const energy = shared ? disturbed(alone, device) : alone;
  energy.conditions.otherSessions = joinedSessions([loop.others]);
  const phases = segments.map(({ kind, start, end }) => ({ label: kind, a: start, b: end }));
  const told = await meter.attribute(phases, wait);
  const attribution = shared ? disturbedAttribution(told, device) : told;
  return phasesResult({ meter, session, request, plan, loop, segments, energy, attribution });
}

function segmentsOf({ kinds, calls, marksNs }: Omit<NativePhasesResult, 'outputs'>): PhaseSegment[] {
  return Array.from(kinds, (kind, i) => ({
    kind: KINDS[kind] as PhaseSegment['kind'],
    start: marksNs[i] as bigint,
    end: marksNs[i + 1] as bigint,
    calls: calls[i] as number,
  }));
}

function resolving(segments: readonly PhaseSegment[]): PhasesProgress {
  const [first, last] = [segments[0] as PhaseSegment, segments.at(-1) as PhaseSegment];
  return {
    phase: 'resolving',
    calls: segments.reduce((sum, { calls }) => sum + calls, 0),
    elapsedMs: Number(last.end - first.start) / NS_PER_MS,
    segments: { done: segments.length, planned: segments.length },
  };
}
