// Checks of marked phases before any native work begins.
import { checkKeys, plainObject } from './check-options.js';
import { invalidArgument } from './errors.js';
import { type EnergyRequest, energyRequest } from './meter-options.js';
import type { NativeAttributionRequest } from './native.js';
import type { AttributionOptions, Phase, PhaseColumns } from './types/attribution.js';
import type { Mark } from './types/energy.js';

/** The label of all time that is in no phase. */
export const REST = 'rest';
const MAX_LABELS = 16;
const MAX_STATES = 16;
const MAX_INSTANT = 2n ** 63n - 1n;

export interface AttributionRequest {
  /** In the order in which they first came. */
  labels: string[];
  from: Mark;
  to: Mark;
  native: NativeAttributionRequest;
  wait: EnergyRequest;
}

export function attributionRequest(
  phases: readonly Phase[] | PhaseColumns,
  options: AttributionOptions,
): AttributionRequest {
  plainObject('the options', options);
  checkKeys('option', options, ['range', 'powerStates', 'signal', 'timeoutMs']);
  const { signal, timeoutMs } = options;
  const wait = energyRequest({
    ...(signal === undefined ? {} : { signal }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
  const sorted = inOrder(columnsOf(phases));
  const labels = [...new Set(sorted.labels)];
  checkLabels(labels);
  const { marks } = sorted;
  const { from, to } = rangeOf(options.range, marks[0] as Mark, marks[marks.length - 1] as Mark);
  const places = new Map(labels.map((label, i) => [label, i]));
  return {
    labels,
    from,
    to,
    native: {
      labels: labels.length,
      phaseLabels: Int32Array.from(sorted.labels, (label) => places.get(label) as number),
      marks,
      fromNs: from,
      toNs: to,
      powerStates: statesOf(options.powerStates, from, to),
    },
    wait: { ...wait, timeline: false },
  };
}

function columnsOf(phases: readonly Phase[] | PhaseColumns): PhaseColumns {
  if (Array.isArray(phases)) {
    const list = phases as readonly Phase[];
    const marks = new BigInt64Array(2 * list.length);
    list.forEach((phase, i) => {
      const { a, b } = plainObject(`phases[${i}]`, phase) as unknown as Phase;
      marks[2 * i] = instantOf(a);
      marks[2 * i + 1] = instantOf(b);
    });
    return { labels: list.map(({ label }) => label), marks };
  }
  const { labels, marks } = plainObject('phases', phases) as unknown as PhaseColumns;
  if (!Array.isArray(labels) || !(marks instanceof BigInt64Array) || marks.length !== 2 * labels.length) {
    throw invalidArgument(
      'attribute() needs phases: an array of { label, a, b }, or { labels, marks } with two marks a label.',
    );
  }
  for (const instant of marks) instantOf(instant);
  return { labels, marks };
}

/** By their beginnings; phases that overlap have no one label. */
function inOrder({ labels, marks }: PhaseColumns): PhaseColumns {
  if (labels.length === 0) throw invalidArgument('attribute() needs at least one phase.');
  const order = Array.from(labels, (_, i) => i).sort((i, j) => {
    const [a, b] = [marks[2 * i] as Mark, marks[2 * j] as Mark];
    return a < b ? -1 : Number(a > b);
  });
  const sorted = new BigInt64Array(marks.length);
  order.forEach((i, place) => {
    const [a, b] = [marks[2 * i] as Mark, marks[2 * i + 1] as Mark];
    if (b <= a) {
      throw invalidArgument(`Phase ${i} ('${String(labels[i])}') does not end after it begins.`);
    }
    if (place > 0 && a < (sorted[2 * place - 1] as Mark)) {
      throw invalidArgument(
        `Phase ${i} ('${String(labels[i])}') begins before phase ${order[place - 1]} has ended.`,
        'Phases may touch but not overlap: mark what runs at the same time as a label of its own.',
      );
    }
    sorted[2 * place] = a;
    sorted[2 * place + 1] = b;
  });
  return { labels: order.map((i) => labels[i] as string), marks: sorted };
}

function checkLabels(labels: readonly unknown[]): void {
  for (const label of labels) {
    if (typeof label !== 'string' || label === '') {
      throw invalidArgument(`A label must be a string with at least one character, not ${String(label)}.`);
    }
    if (label === REST) {
      throw invalidArgument(`'${REST}' is the label of time in no phase.`, 'Leave that time unmarked.');
    }
  }
  if (labels.length > MAX_LABELS) {
    throw invalidArgument(`There can be ${MAX_LABELS} labels at most, not ${labels.length}.`);
  }
}

function rangeOf(range: AttributionOptions['range'], first: Mark, last: Mark): { from: Mark; to: Mark } {
  if (range === undefined) return { from: first, to: last };
  checkKeys('key of range', plainObject('range', range), ['a', 'b']);
  const [from, to] = [instantOf(range.a), instantOf(range.b)];
  if (from > first || to < last) {
    throw invalidArgument('A phase lies outside of the range.', 'Widen range, or leave it out.');
  }
  return { from, to };
}

function statesOf(states: AttributionOptions['powerStates'] = [], from: Mark, to: Mark): BigInt64Array {
  if (!Array.isArray(states)) throw invalidArgument('powerStates must be an array of marks.');
  if (states.length >= MAX_STATES) {
    throw invalidArgument(`There can be ${MAX_STATES} power states at most, not ${states.length + 1}.`);
  }
  const instants = BigInt64Array.from(new Set(states.map(instantOf))).sort();
  for (const instant of instants) {
    if (instant <= from || instant >= to) {
      throw invalidArgument('A change of the power state lies outside of the phases.');
    }
  }
  return instants;
}

function instantOf(instant: unknown): Mark {
  if (typeof instant !== 'bigint' || instant < 0n || instant > MAX_INSTANT) {
    throw invalidArgument(
      `An instant must be a bigint of nanoseconds, not ${String(instant)}.`,
      'Take it with mark() or process.hrtime.bigint().',
    );
  }
  return instant;
}
