// Energies of calls from powers with a known covariance.
import { describe, expect, test } from 'vitest';
import { callTimes } from '../../src/phases/call-times.js';
import { closureOf } from '../../src/phases/closure.js';
import { type CallTimes, energyOfCalls, phaseEnergies } from '../../src/phases/energy.js';
import type { Attribution, ChannelAttribution, LabelEnergy } from '../../src/types/attribution.js';
import type { PhaseSegment, SegmentKind } from '../../src/types/phases.js';

const WATTS = { 'host-to-device': 200, compute: 600, 'device-to-host': 180, whole: 540, idle: 120 };
const NAMES = Object.keys(WATTS) as SegmentKind[];

function label(watts: number, sd: number): LabelEnergy {
  const q = (value: number, uncertainty: number, unit: 'W' | 'J') =>
    ({ value, uncertainty, combinedUncertainty: uncertainty, unit }) as const;
  return {
    status: 'ok',
    occurrences: 20,
    durationMs: 5000,
    power: q(watts, 1.96 * sd, 'W'),
    perOccurrence: q(1, 1, 'J'),
    total: q(1, 1, 'J'),
    budget: { coverage: 0.95, terms: [{ name: 'kernel', uncertainty: 1.96 * sd }] },
  };
}

/** Standard deviations of 2 W each, any two correlated by `r`. */
function channel(r: number, more: Partial<ChannelAttribution> = {}): ChannelAttribution {
  return {
    id: 'board-0',
    scope: 'board',
    method: 'test',
    status: 'ok',
    labels: Object.fromEntries(NAMES.map((name) => [name, label(WATTS[name], 2)])),
    covariance: { labels: NAMES, values: NAMES.map((_, i) => NAMES.map((_, j) => (i === j ? 4 : 4 * r))) },
    ...more,
  } as ChannelAttribution;
}

const attribution = (one: ChannelAttribution) => ({ scopes: { 'board-0': one } }) as unknown as Attribution;

/** A tenth of a whole inference goes to each copy. */
const times = (u = 0): CallTimes =>
  new Map(
    ([0.1, 0.8, 0.1, 1] as const).map((ms, i) => [
      NAMES[i] as SegmentKind,
      { value: ms, uncertainty: u * ms, combinedUncertainty: u * ms, unit: 'ms' as const },
    ]),
  );

describe('energy of calls', () => {
  test('is power times time, its uncertainty that of the power and of the time', () => {
    const exact = energyOfCalls(channel(0), times(), [['compute', 1]], false);
    expect(exact).toMatchObject({ unit: 'J' });
    expect(exact?.value).toBeCloseTo(0.48, 12);
    expect(exact?.uncertainty).toBeCloseTo(1.96 * 2 * 0.8e-3, 12);
    const loose = energyOfCalls(channel(0), times(0.01), [['compute', 1]], false);
    expect(loose?.uncertainty).toBeCloseTo(Math.hypot(1.96 * 2 * 0.8e-3, 0.01 * 0.48), 12);
  });

  test.each([0, 0.9, -0.2])('net of idle errs by the difference of two powers, correlated by %d', (r) => {
    const net = energyOfCalls(channel(r), times(), [['compute', 1]], true);
    expect(net?.value).toBeCloseTo(0.8e-3 * 480, 12);
    expect(net?.uncertainty).toBeCloseTo(1.96 * 0.8e-3 * Math.sqrt(4 + 4 - 2 * 4 * r), 12);
  });

  test('is not there where a power is not', () => {
    const labels = {
      compute: label(600, 2),
      idle: { ...label(120, 2), status: 'not-identifiable' as const },
    };
    const partial = channel(0, {
      labels: labels as Record<string, LabelEnergy>,
      covariance: { labels: ['compute'], values: [[4]] },
    } as Partial<ChannelAttribution>);
    expect(energyOfCalls(partial, times(), [['compute', 1]], true)).toBeUndefined();
    expect(energyOfCalls(partial, times(), [['whole', 1]], false)).toBeUndefined();
    const { 'board-0': compute } = phaseEnergies(attribution(partial), times(), 'compute');
    expect(compute).toMatchObject({ status: 'ok' });
    expect(compute).not.toHaveProperty('net');
    expect(phaseEnergies(attribution(partial), times(), 'whole')['board-0']).toMatchObject({
      status: 'not-identifiable',
      remedy: expect.stringContaining('durationMs'),
    });
  });

  test('keeps what the channel says of itself', () => {
    const absent = {
      id: 'board-0',
      scope: 'board',
      method: '',
      status: 'unsupported',
      code: 'not-supported',
    };
    const silent = { ...absent, reason: 'because', remedy: 'do' } as unknown as ChannelAttribution;
    expect(phaseEnergies(attribution(silent), times(), 'compute')['board-0']).toEqual({
      id: 'board-0',
      scope: 'board',
      status: 'unsupported',
      code: 'not-supported',
      reason: 'because',
      remedy: 'do',
    });
    const doubted = channel(0, { status: 'suspect', cause: 'other-work', reason: 'busy' } as never);
    expect(phaseEnergies(attribution(doubted), times(), 'compute')['board-0']).toMatchObject({
      status: 'suspect',
      cause: 'other-work',
      gross: { status: 'ok' },
    });
  });

  test('each figure has a status of its own', () => {
    const labels = Object.fromEntries(NAMES.map((name) => [name, label(WATTS[name], 2)]));
    const quiet = channel(0, { labels: { ...labels, 'host-to-device': label(122, 2) } } as never);
    const copy = phaseEnergies(attribution(quiet), times(), 'host-to-device')['board-0'];
    expect(copy).toMatchObject({
      status: 'ok',
      gross: { status: 'ok' },
      net: { status: 'below-resolution' },
    });
  });
});

describe('the closure', () => {
  test('holds the covariance of all four, and says what it supposes', () => {
    const { time, board, notes, assumption } = closureOf(attribution(channel(0)), times(0.001), 'board-0');
    expect(time).toMatchObject({ closes: true, relative: 0 });
    expect(assumption).toContain('back to back');
    // 0.1 x 200 + 0.8 x 600 + 0.1 x 180 = 518 mJ of 540.
    if (board === undefined || board.status === 'unknown') throw new Error('no closure');
    expect(board.gross.difference.value).toBeCloseTo(-0.022, 12);
    const powers = 1.96 * 2e-3 * Math.sqrt(0.01 + 0.64 + 0.01 + 1);
    const lengths = 1e-3 * Math.sqrt(0.02 ** 2 + 0.48 ** 2 + 0.018 ** 2 + 0.54 ** 2);
    expect(board.gross.difference.uncertainty).toBeCloseTo(Math.hypot(powers, lengths), 12);
    expect(board).toMatchObject({ status: 'open', gross: { closes: false }, net: { closes: false } });
    expect(notes[0]).toContain('95.9 % of the energy');
    expect(notes.at(-1)).toContain('back to back');
  });

  test('says where its interval is too wide to tell', () => {
    const { board, notes } = closureOf(attribution(channel(0)), times(0.2), 'board-0');
    expect(board).toMatchObject({ status: 'closed' });
    expect(notes).toEqual([expect.stringMatching(/only: a longer durationMs/)]);
  });

  test('is unknown where a power is, or where the counter is doubted', () => {
    const doubted = channel(0, { status: 'suspect', cause: 'other-work', reason: 'busy' } as never);
    expect(closureOf(attribution(doubted), times(), 'board-0').board).toMatchObject({
      status: 'unknown',
      reason: 'busy',
    });
    const empty = channel(0, { status: 'not-identifiable', labels: {}, reason: 'r', remedy: 's' } as never);
    expect(closureOf(attribution(empty), times(), 'board-0').board).toMatchObject({ status: 'unknown' });
  });
});

test('a call takes its segments over their number, and errs by what changes between them', () => {
  const segment = (kind: SegmentKind, at: number, ms: number, calls: number): PhaseSegment => ({
    kind,
    calls,
    start: BigInt(at * 1e6),
    end: BigInt((at + ms) * 1e6),
  });
  const working = NAMES.filter((name) => name !== 'idle');
  const steady = working.flatMap((kind, i) => [
    segment(kind, 100 * i, 30, 10),
    segment(kind, 100 * i + 50, 12, 4),
  ]);
  expect(callTimes(steady).get('compute')).toMatchObject({ value: 3, uncertainty: 0, unit: 'ms' });
  const changing = working.flatMap((kind, i) => [
    segment(kind, 100 * i, 30, 10),
    segment(kind, 100 * i + 50, 16, 4),
  ]);
  const time = callTimes(changing).get('compute');
  expect(time?.value).toBeCloseTo(46 / 14, 12);
  expect(time?.uncertainty).toBeGreaterThan(0.5);
});
