import { summaryOf } from '../latency.js';
import type { Meter } from '../meter.js';
import type { RunTimes } from '../native.js';
import { plainData } from '../plain.js';
import { attachBoard } from '../session-energy.js';
import type { Attribution } from '../types/attribution.js';
import type { EnergyReport } from '../types/energy.js';
import type {
  InferencePhase,
  PhaseEnergy,
  PhaseFigure,
  PhaseSegment,
  PhasesMeasurement,
  PhasesPlan,
  SegmentKind,
} from '../types/phases.js';
import { VERSION } from '../version.js';
import { callTimes, lengthMs } from './call-times.js';
import { closureOf } from './closure.js';
import { type CallTimes, judged, labelOf, phaseEnergies } from './energy.js';
import type { PhasedSession, PhasesLoopResult } from './measure-phases.js';
import type { PhasesRequest } from './options.js';
import { KINDS, type SegmentPlan } from './plan.js';

interface Measured<O> {
  meter: Meter;
  session: PhasedSession<O>;
  request: PhasesRequest;
  plan: SegmentPlan;
  loop: PhasesLoopResult<O>;
  segments: readonly PhaseSegment[];
  /** Of the whole sitting. */
  energy: EnergyReport;
  attribution: Attribution;
}

export function phasesResult<O>(measured: Measured<O>): PhasesMeasurement<O> {
  const { meter, session, request, plan, loop, segments, energy, attribution } = measured;
  const provider = session.providers[0] as string;
  attachBoard(energy, provider, session.device, meter.devices);
  const times = callTimes(segments);
  const phase = (kind: SegmentKind) => phaseOf(measured, times, kind);
  return plainData<PhasesMeasurement<O>>({
    phases: {
      hostToDevice: { ...phase('host-to-device'), bytes: loop.bytesIn },
      compute: phase('compute'),
      deviceToHost: { ...phase('device-to-host'), bytes: loop.bytesOut },
    },
    whole: phase('whole'),
    closure: closureOf(attribution, times, energy.board?.id),
    idle: { ...extent(segments, 'idle'), scopes: idlePowers(attribution) },
    attribution,
    segments: [...segments],
    start: energy.start,
    end: energy.end,
    durationMs: energy.durationMs,
    conditions: energy.conditions,
    timeline: energy.timeline,
    outputs: loop.outputs,
    provider,
    ...(session.skippedProviders.length > 0 ? { skippedProviders: [...session.skippedProviders] } : {}),
    hostMemory: request.pinned ? 'pinned' : 'pageable',
    graph: session.graphCapture,
    placement: structuredClone(session.placement),
    precision: structuredClone({ ...session.precision }),
    versions: {
      microjoule: VERSION,
      node: process.version,
      onnxruntime: session.runtime.version,
      driver: meter.driver,
    },
    plan: planOf(request, plan, segments),
    simulated: energy.simulated,
  });
}

function phaseOf(
  { loop, segments, energy, attribution }: Measured<unknown>,
  times: CallTimes,
  kind: SegmentKind,
): InferencePhase {
  const place = KINDS.indexOf(kind);
  const inside = loop.inside[place];
  const scopes = phaseEnergies(attribution, times, kind);
  const board = boardOf(energy, scopes);
  const { segments: count, durationMs } = extent(segments, kind);
  return {
    segments: count,
    calls: segments.reduce((sum, segment) => sum + (segment.kind === kind ? segment.calls : 0), 0),
    durationMs,
    timePerCall: times.get(kind) as InferencePhase['timePerCall'],
    latency: summaryOf(loop.times[place] as RunTimes),
    ...(inside ? { inside: summaryOf(inside) } : {}),
    scopes,
    ...(board ? { board } : {}),
  };
}

/** The figure of the session's own device, or why there is none. */
function boardOf({ board }: EnergyReport, scopes: Record<string, PhaseEnergy>): PhaseEnergy | undefined {
  if (board === undefined) return undefined;
  const own = scopes[board.id];
  if (own !== undefined || board.status !== 'unsupported') return own;
  const { id, scope, status, code, reason, remedy } = board;
  return { id, scope, status, code, reason, ...(remedy === undefined ? {} : { remedy }) };
}

function extent(segments: readonly PhaseSegment[], kind: SegmentKind) {
  const own = segments.filter((segment) => segment.kind === kind);
  return { segments: own.length, durationMs: own.reduce((sum, segment) => sum + lengthMs(segment), 0) };
}

function idlePowers({ scopes }: Attribution): Record<string, PhaseFigure> {
  return Object.fromEntries(
    Object.entries(scopes).flatMap(([id, channel]) => {
      const idle = labelOf(channel, 'idle');
      return idle ? [[id, judged(idle.power)]] : [];
    }),
  );
}

function planOf(
  { seed, durationMs }: PhasesRequest,
  { kinds, cycles, segmentMs }: SegmentPlan,
  segments: readonly PhaseSegment[],
): PhasesPlan {
  const done = segments.length;
  const rest =
    done < kinds.length ? ` Calls are longer than segments, so ${done} of ${kinds.length} were run.` : '';
  return {
    seed,
    segments: done,
    cycles: (cycles * done) / kinds.length,
    segmentMs,
    sentence: `${kinds.length} segments of ${Math.round(segmentMs)} ms on average in ${(durationMs / 1000).toFixed(1)} s: each of ${KINDS.length} kinds ${kinds.length / KINDS.length} times, after each other kind equally often.${rest}`,
  };
}
