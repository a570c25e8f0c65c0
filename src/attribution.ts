import { type AttributionRequest, REST } from './attribution-request.js';
import type { NativeAttribution, NativeAttributions, NativeChannel, NativeMeter } from './native.js';
import { plainData } from './plain.js';
import { quantity } from './quantity.js';
import { suspectReason } from './suspect.js';
import type {
  Attribution,
  AttributionTermName,
  ChannelAttribution,
  LabelEnergy,
  LagInteraction,
  MeasuredAttribution,
} from './types/attribution.js';
import type { EnergyReport, Quantity, Scope, SuspectCause } from './types/energy.js';

const MS_PER_S = 1e3;
const SIGNIFICANT = 0.01;
const METHOD = 'regression of the intervals between updates on phases';

const NO_COUNTER = {
  code: 'not-supported',
  reason:
    'Phases are told apart by the intervals of an energy counter; energy here is counted from power samples.',
  remedy: 'Use a board whose energy counter can be read.',
} as const;

type Figures = Omit<MeasuredAttribution, 'id' | 'scope' | 'method' | 'status'>;

/** One report for all channels; `energy` is that of the whole range. */
export function attributionReport(
  meter: NativeMeter,
  request: AttributionRequest,
  energy: EnergyReport,
  attributed: NativeAttributions,
): Attribution {
  const scopes: Record<string, ChannelAttribution> = {};
  meter.channels.forEach((channel, i) => {
    scopes[channel.id] = channelAttribution(channel, request, energy, attributed, attributed.channels[i]);
  });
  const boards = meter.channels.filter(({ scope }) => scope === 'board');
  const board = boards.length === 1 ? scopes[(boards[0] as NativeChannel).id] : undefined;
  const { start, end, durationMs, conditions, simulated } = energy;
  return plainData<Attribution>({
    start,
    end,
    durationMs,
    scopes,
    ...(board ? { board } : {}),
    conditions,
    simulated,
  });
}

function channelAttribution(
  channel: NativeChannel,
  request: AttributionRequest,
  energy: EnergyReport,
  attributed: NativeAttributions,
  result: NativeAttribution | null | undefined,
): ChannelAttribution {
  const common = { id: channel.id, scope: channel.scope as Scope, method: `${channel.method}, ${METHOD}` };
  const whole = energy.scopes[channel.id];
  if (!result || whole?.status === 'unsupported') {
    const { code, reason, remedy } = whole?.status === 'unsupported' ? whole : NO_COUNTER;
    const status = 'unsupported' as const;
    return { ...common, method: channel.method, status, code, reason, ...(remedy ? { remedy } : {}) };
  }
  const figures = Number.isFinite(result.joules) ? figuresOf(request, attributed, result) : undefined;
  const otherWork = whole?.status === 'suspect' && whole.cause === 'other-work';
  if (result.status === 'suspect' || otherWork) {
    const cause = otherWork ? 'other-work' : (result.cause as SuspectCause);
    return { ...common, ...figures, status: 'suspect', cause, reason: suspectReason(cause) };
  }
  if (result.status === 'not-identifiable') {
    return { ...common, ...figures, status: 'not-identifiable', ...refusal(result) };
  }
  return { ...common, ...(figures as Figures), status: result.status };
}

function refusal({ intervals, labels }: NativeAttribution): { reason: string; remedy: string } {
  if (labels.length === 0) {
    return {
      reason: `The phases span ${intervals} intervals of the counter, too few to tell their powers.`,
      remedy: 'Mark more occurrences of every phase, over a longer time.',
    };
  }
  return {
    reason: 'Every interval of the counter holds nearly the same mixture of phases.',
    remedy:
      'Vary the lengths of phases by 30 % (see phaseLengths), put them in random order, or put idle of random length between them.',
  };
}

function figuresOf(
  request: AttributionRequest,
  { terms, leastSignal }: NativeAttributions,
  result: NativeAttribution,
): Figures {
  const names = result.labels.map((_, i) => request.labels[i] ?? REST);
  const labels = Object.fromEntries(
    result.labels.map((label, i) => [names[i] as string, labelEnergy(label, terms)]),
  );
  const known = result.labels.flatMap((label, i) => (label.status === 'not-identifiable' ? [] : [i]));
  const at = (i: number, j: number) => result.covariance[i * names.length + j] as number;
  const interaction = interactionOf(result);
  return {
    labels,
    covariance: {
      labels: known.map((i) => names[i] as string),
      values: known.map((i) => known.map((j) => at(i, j))),
    },
    total: symmetric(result.joules, result.joulesUncertainty, 'J'),
    interaction,
    notes: notesOf(labels, interaction, result.sensorDoubted),
    intervals: result.intervals,
    degreesOfFreedom: result.degrees,
    identifiability: { signals: [...result.signals], chance: [...result.chance], leastSignal },
  };
}

function labelEnergy(label: NativeAttribution['labels'][number], terms: readonly string[]): LabelEnergy {
  const { occurrences, seconds, watts, uncertainty, joules } = label;
  const common = { occurrences, durationMs: seconds * MS_PER_S };
  if (label.status === 'not-identifiable') {
    const reason = 'The sequence of phases does not show its power apart from that of the others.';
    return { ...common, status: label.status, reason };
  }
  const mean = occurrences > 0 ? seconds / occurrences : 0;
  return {
    ...common,
    status: label.status,
    power: symmetric(watts, uncertainty, 'W'),
    perOccurrence: symmetric(watts * mean, uncertainty * mean, 'J'),
    total: symmetric(joules, watts === 0 ? 0 : Math.abs((joules / watts) * uncertainty), 'J'),
    budget: {
      coverage: 0.95,
      terms: terms.flatMap((name, i) => {
        const part = label.terms[i] as number;
        return part > 0 ? [{ name: name as AttributionTermName, uncertainty: part }] : [];
      }),
    },
  };
}

function symmetric(value: number, uncertainty: number, unit: Quantity['unit']): Quantity {
  return quantity({ value, uncertainty, lo: Number.NaN, hi: Number.NaN }, unit);
}

function interactionOf(result: NativeAttribution): LagInteraction | null {
  if (result.interactionBetween === 0) return null;
  const pValue = result.interactionP;
  return {
    pValue,
    found: pValue < SIGNIFICANT,
    degreesOfFreedom: [result.interactionBetween, result.interactionWithin],
  };
}

function notesOf(
  labels: Record<string, LabelEnergy>,
  interaction: LagInteraction | null,
  sensorDoubted: boolean,
): string[] {
  const notes: string[] = [];
  if (sensorDoubted) {
    notes.push(
      'The intervals fit another time constant of the sensor better than the one supposed: the uncertainty contains it.',
    );
  }
  if (interaction?.found) {
    notes.push(
      `A phase's power depends on what came before it (p = ${interaction.pValue.toPrecision(2)}): the powers hold for this order of phases, or the sensor's time constant is off.`,
    );
  }
  for (const [label, { status }] of Object.entries(labels)) {
    // Of rest there may be microseconds between phases, and nobody asks.
    if (status === 'not-identifiable' && label !== REST)
      notes.push(`The power of '${label}' cannot be told from the others'.`);
  }
  return notes;
}
