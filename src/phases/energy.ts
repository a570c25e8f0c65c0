// From powers of kinds of segments and times of calls to energies of calls.
import { combined } from '../quantity.js';
import type { Attribution, ChannelAttribution, MeasuredLabel } from '../types/attribution.js';
import type { Quantity } from '../types/energy.js';
import type { PhaseEnergy, PhaseFigure, PhaseTerm, SegmentKind } from '../types/phases.js';

const NORMAL_95 = 1.96;
const MS_PER_S = 1e3;

/** Mean time of a call of each kind that works, ms. */
export type CallTimes = ReadonlyMap<SegmentKind, Quantity>;
/** A sum of calls: how many of which kind. */
export type Calls = readonly (readonly [kind: SegmentKind, count: number])[];

/** Figures of one kind of segment by channel. */
export function phaseEnergies(
  attribution: Attribution,
  times: CallTimes,
  kind: SegmentKind,
): Record<string, PhaseEnergy> {
  return Object.fromEntries(
    Object.entries(attribution.scopes).map(([id, channel]) => [id, phaseEnergy(channel, times, kind)]),
  );
}

function phaseEnergy(channel: ChannelAttribution, times: CallTimes, kind: SegmentKind): PhaseEnergy {
  const { id, scope } = channel;
  if (channel.status === 'unsupported') {
    const { status, code, reason, remedy } = channel;
    return { id, scope, status, code, reason, ...(remedy === undefined ? {} : { remedy }) };
  }
  const figures = figuresOf(channel, times, kind);
  if (channel.status === 'suspect') {
    const { status, cause, reason } = channel;
    return { id, scope, ...figures, status, cause, reason };
  }
  if (figures === undefined) return { id, scope, status: 'not-identifiable', ...unidentified(channel) };
  return { id, scope, status: figures.gross.status, ...figures };
}

function unidentified(channel: ChannelAttribution): { reason: string; remedy: string } {
  if (channel.status === 'not-identifiable') return { reason: channel.reason, remedy: channel.remedy };
  return {
    reason: "The counter's intervals do not show the power of these segments apart from that of the others.",
    remedy: 'Give a longer durationMs, or another seed.',
  };
}

function figuresOf(channel: ChannelAttribution, times: CallTimes, kind: SegmentKind) {
  const label = labelOf(channel, kind);
  const gross = energyOfCalls(channel, times, [[kind, 1]], false);
  if (label === undefined || gross === undefined) return undefined;
  const net = energyOfCalls(channel, times, [[kind, 1]], true);
  return {
    power: judged(label.power),
    gross: judged(gross),
    ...(net === undefined ? {} : { net: judged(net) }),
    budget: { coverage: 0.95 as const, terms: termsOf(label, times.get(kind) as Quantity) },
  };
}

function termsOf({ power, budget }: MeasuredLabel, time: Quantity): PhaseTerm[] {
  const terms = budget.terms.map(({ name, uncertainty }) => ({
    name,
    uncertainty: (uncertainty * time.value) / MS_PER_S,
  }));
  const ofTime = (Math.abs(power.value) * time.uncertainty) / MS_PER_S;
  return ofTime > 0 ? [...terms, { name: 'call-time', uncertainty: ofTime }] : terms;
}

/**
 * Energy of these calls, `net` of idle, J: sum of count x power x time. Powers of one channel err together by their
 * covariance, times of calls each for themselves. Undefined where a power is not known.
 */
export function energyOfCalls(
  channel: ChannelAttribution,
  times: CallTimes,
  calls: Calls,
  net: boolean,
): Quantity | undefined {
  const idle = net ? labelOf(channel, 'idle') : undefined;
  if (net && idle === undefined) return undefined;
  const seconds = new Map<string, number>();
  let value = 0;
  let ofTimes = 0;
  for (const [kind, count] of calls) {
    const label = labelOf(channel, kind);
    const time = times.get(kind);
    if (label === undefined || time === undefined) return undefined;
    const length = (count * time.value) / MS_PER_S;
    const above = label.power.value - (idle?.power.value ?? 0);
    value += length * above;
    ofTimes += ((above * count * time.uncertainty) / NORMAL_95 / MS_PER_S) ** 2;
    seconds.set(kind, (seconds.get(kind) ?? 0) + length);
    if (idle !== undefined) seconds.set('idle', (seconds.get('idle') ?? 0) - length);
  }
  const uncertainty = NORMAL_95 * Math.sqrt(varianceOf(channel, seconds) + ofTimes);
  return { value, uncertainty, combinedUncertainty: combined(uncertainty, value), unit: 'J' };
}

function varianceOf(channel: ChannelAttribution, seconds: ReadonlyMap<string, number>): number {
  if (channel.status === 'unsupported' || channel.covariance === undefined) return Number.NaN;
  const { labels, values } = channel.covariance;
  const weights = labels.map((label) => seconds.get(label) ?? 0);
  let variance = 0;
  values.forEach((row, i) => {
    row.forEach((covariance, j) => {
      variance += (weights[i] as number) * (weights[j] as number) * covariance;
    });
  });
  return Math.max(0, variance);
}

/** Undefined: it has no power of its own. */
export function labelOf(channel: ChannelAttribution, kind: SegmentKind): MeasuredLabel | undefined {
  if (channel.status === 'unsupported') return undefined;
  const label = channel.labels?.[kind];
  return label === undefined || label.status === 'not-identifiable' ? undefined : label;
}

export function judged(figure: Quantity): PhaseFigure {
  const resolved = figure.uncertainty <= 0.5 * Math.abs(figure.value);
  return { ...figure, status: resolved ? 'ok' : 'below-resolution' };
}
