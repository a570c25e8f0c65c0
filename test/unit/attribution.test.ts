import { expect, test } from 'vitest';
import { attributionReport } from '../../src/attribution.js';
import { attributionRequest } from '../../src/attribution-request.js';
import type { NativeAttribution, NativeMeter } from '../../src/native.js';
import type { EnergyReport } from '../../src/types/energy.js';

const request = attributionRequest(
  [
    { label: 'a', a: 0n, b: 10n },
    { label: 'b', a: 10n, b: 20n },
  ],
  {},
);
const label = { status: 'ok', uncertainty: 10, seconds: 2, occurrences: 40, joules: 190 } as const;
const RESULT: NativeAttribution = {
  status: 'ok',
  cause: '',
  labels: [
    { ...label, watts: 100, terms: Float64Array.of(6, 8) },
    { ...label, watts: 50, terms: Float64Array.of(6, 0) },
  ],
  covariance: Float64Array.of(26, -20, -20, 26),
  joules: 290,
  joulesUncertainty: 0.5,
  fromNs: 0n,
  toNs: 20n,
  intervals: 30,
  degrees: 28,
  signals: Float64Array.of(2),
  chance: Float64Array.of(0.1),
  blockIntervals: 3,
  sensorDoubted: false,
  interactionBetween: 2,
  interactionWithin: 25,
  interactionP: 0.4,
};

function report(change: Partial<NativeAttribution> | null, whole: object = { status: 'ok' }) {
  const channel = { id: 'board-0', scope: 'board', index: 0, method: 'nvml:total-energy' };
  const meter = { channels: [channel] } as unknown as NativeMeter;
  const energy = { start: 0n, end: 20n, scopes: { 'board-0': whole } } as unknown as EnergyReport;
  return attributionReport(meter, request, energy, {
    terms: ['edge-timing', 'repeats'],
    leastSignal: 0.3,
    channels: [change && { ...RESULT, ...change }],
  }).board;
}

test('figures of each label: power, one occurrence, part of the total, terms that are not 0', () => {
  expect(report({})).toMatchObject({
    status: 'ok',
    labels: {
      a: {
        power: { value: 100, uncertainty: 10, unit: 'W' },
        perOccurrence: { value: 5, uncertainty: 0.5, unit: 'J' },
        total: { value: 190, uncertainty: 19, unit: 'J' },
        durationMs: 2000,
      },
      b: { budget: { coverage: 0.95, terms: [{ name: 'edge-timing', uncertainty: 6 }] } },
    },
    covariance: {
      labels: ['a', 'b'],
      values: [
        [26, -20],
        [-20, 26],
      ],
    },
    interaction: { pValue: 0.4, found: false, degreesOfFreedom: [2, 25] },
    notes: [],
  });
});

test('an interaction and a doubt about the sensor are said in a sentence each', () => {
  const board = report({ interactionP: 0.002, sensorDoubted: true });
  expect(board).toMatchObject({ status: 'ok', interaction: { found: true } });
  expect((board as { notes: string[] }).notes).toEqual([
    expect.stringContaining('time constant'),
    expect.stringContaining('p = 0.0020'),
  ]);
});

test('an interaction that was not tested is null', () => {
  expect(report({ interactionBetween: 0 })).toMatchObject({ interaction: null });
});

test('a label that cannot be told apart has no power and no covariance, and is named', () => {
  const [a, b] = RESULT.labels as [NativeAttribution['labels'][0], NativeAttribution['labels'][0]];
  const board = report({ labels: [{ ...a, status: 'not-identifiable' }, b] });
  expect(board).toMatchObject({
    covariance: { labels: ['b'], values: [[26]] },
    notes: [expect.stringContaining("'a'")],
  });
  expect((board as { labels: Record<string, object> }).labels.a).not.toHaveProperty('power');
});

test('work of others makes it suspect, and keeps what was measured', () => {
  expect(report({}, { status: 'suspect', cause: 'other-work' })).toMatchObject({
    status: 'suspect',
    cause: 'other-work',
    reason: expect.any(String),
    labels: { a: { power: { value: 100 } } },
  });
});

test('a fault leaves a reason and no figure', () => {
  const board = report({ status: 'suspect', cause: 'counter-reset', labels: [], joules: Number.NaN });
  expect(board).toMatchObject({ status: 'suspect', cause: 'counter-reset' });
  expect(board).not.toHaveProperty('total');
  expect(board).not.toHaveProperty('labels');
});

test('a channel that cannot be read says why', () => {
  const whole = { status: 'unsupported', code: 'permission-denied', reason: 'No.', remedy: 'Ask.' };
  expect(report(null, whole)).toEqual({
    id: 'board-0',
    scope: 'board',
    method: 'nvml:total-energy',
    ...whole,
  });
});
