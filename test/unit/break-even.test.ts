// When a build is paid: the arithmetic, its interval, and the answers that are no number.
import { describe, expect, test } from 'vitest';
import { breakEven, type Energy, type Measurement, type PaidFigure, paidAfter } from '../../src/index.js';
import { Random } from '../helpers/random.js';

const RUNS = 1000;

function board(value: number, uncertainty: number, gainKey = 'gain:nvml GPU-1'): Energy {
  return {
    id: 'board-0',
    scope: 'board',
    kind: 'window',
    method: 'a test',
    status: 'ok',
    value,
    uncertainty,
    combinedUncertainty: uncertainty + 0.05 * value,
    unit: 'J',
    budget: {
      coverage: 0.95,
      terms: [{ name: 'edge-timing', uncertainty, distribution: 'normal', key: `${value}` }],
      gain: { relative: 0.05, distribution: 'rectangular', key: gainKey },
    },
  };
}

/** 1000 runs of `joules` and `ms` each. */
function side(joules: number, u: number, ms: number, spread = 0.01, key?: string): Measurement {
  const random = new Random(7);
  const durations = Float64Array.from({ length: RUNS }, () => ms * (1 + spread * (random.uniform() - 0.5)));
  const energy = board(joules * RUNS, u * RUNS, key);
  return {
    repetitions: RUNS,
    mode: 'sustained',
    provider: joules > 0.2 ? 'cuda' : 'tensorrt',
    latency: { durations, mean: durations.reduce((sum, x) => sum + x, 0) / RUNS },
    energy: { kind: 'window', scopes: { 'board-0': energy }, board: energy },
  } as unknown as Measurement;
}

const build = (joules: number, u: number, seconds = 60) => ({
  durationMs: seconds * 1000,
  scopes: { 'board-0': { gross: board(joules, u) } },
  board: 'board-0',
});

describe('a build', () => {
  test('is paid after its energy over what a run saves, and its time likewise', () => {
    const answer = breakEven(build(10_000, 50), side(0.4, 0.004, 2), side(0.15, 0.003, 0.5));
    expect(answer.scope).toBe('board-0');
    if (answer.energy.status !== 'ok' || answer.time.status !== 'ok') throw new Error('not told');
    expect(answer.energy.runs).toBeCloseTo(40_000, 6);
    // Of 0.25 J the difference is known to 2 %: 0.005 J.
    expect(answer.energy.lo).toBeCloseTo(40_000 * (1 - 0.0205), -2.5);
    expect(answer.energy.hi).toBeCloseTo(40_000 * (1 + 0.021), -2.5);
    expect(answer.time.runs).toBeCloseTo(40_000, -2);
    expect(answer.time.lo).toBeLessThan(answer.time.runs);
    expect(answer.sentence).toMatch(
      /^Against cuda, the 60\.0 s in which .* tensorrt was built are paid in energy after 40,000 runs \(95 %: 39,\d00 to 40,\d00\); in time after /,
    );
  });

  test('of the same board does not suffer from its gain; of another one it does', () => {
    const same = breakEven(build(10_000, 50), side(0.4, 0.004, 2), side(0.15, 0.003, 0.5));
    const other = breakEven(
      build(10_000, 50),
      side(0.4, 0.004, 2, 0.01, 'gain:nvml GPU-2'),
      side(0.15, 0.003, 0.5),
    );
    if (same.energy.status !== 'ok' || other.energy.status !== 'ok') throw new Error('not told');
    expect(other.energy.hi - other.energy.lo).toBeGreaterThan(2 * (same.energy.hi - same.energy.lo));
  });

  test('is never paid by what costs more, and by the same nobody can tell', () => {
    const never = breakEven(build(10_000, 50), side(0.15, 0.003, 0.5), side(0.4, 0.004, 2));
    expect(never.energy).toMatchObject({ status: 'never', reason: expect.stringContaining('more energy') });
    expect(never.time.status).toBe('never');
    const even = breakEven(build(10_000, 50), side(0.151, 0.003, 0.5), side(0.15, 0.003, 0.5));
    expect(even.energy).toMatchObject({
      status: 'cannot-be-told',
      reason: expect.stringContaining('holds 0'),
    });
    if (even.energy.status !== 'cannot-be-told') throw new Error('told');
    expect(even.energy.atLeast).toBeCloseTo(9950 / (0.001 + Math.hypot(0.003, 0.003)), 3);
    expect(even.sentence).toContain('cannot be told (at least');
  });

  test("of figures of one's own is paid likewise, and what both share cancels", () => {
    const figure = (value: number, key: string): PaidFigure => ({
      value,
      uncertainty: 0.1 * value,
      combinedUncertainty: 0.1 * value,
      unit: 'J',
      budget: {
        coverage: 0.95,
        terms: [{ name: 'prior', key, uncertainty: 0.1 * value, distribution: 'normal' }],
        gain: { relative: 0, distribution: 'rectangular', key: 'none' },
      },
    });
    const [apart, shared] = ['another', 'one'].map((key) =>
      paidAfter(figure(10_000, 'one'), figure(0.25, key)),
    );
    expect([apart, shared]).toMatchObject([{ runs: 40_000 }, { runs: 40_000 }]);
    if (apart?.status !== 'ok' || shared?.status !== 'ok') throw new Error('not told');
    expect(apart.hi - apart.lo).toBeGreaterThan(0.25 * 40_000);
    expect(shared.hi - shared.lo).toBeLessThan(0.01 * 40_000);
    expect(paidAfter(figure(1, 'one'), figure(-1, 'one'), 'time')).toMatchObject({ status: 'never' });
  });

  test('is judged by intervals that hold the truth', () => {
    // The truth is 40 000 runs; figures are drawn with the scatter that they claim.
    const random = new Random(11);
    const of = (truth: number, u: number) => truth + (u / 1.96) * random.normal();
    let held = 0;
    for (let i = 0; i < 500; ++i) {
      const answer = breakEven(
        build(of(10_000, 500), 500),
        side(of(0.4, 0.08), 0.08, 2),
        side(of(0.15, 0.05), 0.05, 0.5),
      ).energy;
      if (answer.status === 'ok' && answer.lo <= 40_000 && 40_000 <= answer.hi) held += 1;
      if (answer.status === 'cannot-be-told' && (answer.atLeast ?? 0) <= 40_000) held += 1;
    }
    expect(held).toBeGreaterThan(0.93 * 500);
  });

  test('is paid in time also where an energy was not measured or is suspect', () => {
    const [slow, fast] = [side(0.4, 0.004, 2), side(0.15, 0.003, 0.5)];
    const suspect = {
      ...board(1, 1),
      status: 'suspect',
      cause: 'counter-reset',
      reason: 'It fell.',
    } as Energy;
    const none = { ...fast, energy: { ...fast.energy, board: undefined } } as unknown as Measurement;
    const cases: [ReturnType<typeof breakEven>, RegExp][] = [
      [
        breakEven({ ...build(10, 1), scopes: { 'board-0': { gross: suspect } } }, slow, fast),
        /is suspect: It fell\./,
      ],
      [breakEven(build(10, 1), slow, fast, { scope: 'board-1' }), /was not measured\.$/],
      [breakEven({ durationMs: 1000, scopes: {} }, slow, none), /build was not measured\.$/],
    ];
    for (const [{ energy, time, sentence }, reason] of cases) {
      expect(energy).toEqual({ status: 'cannot-be-told', reason: expect.stringMatching(reason) });
      expect(time.status).toBe('ok');
      expect(sentence).toMatch(
        /in energy after a number of runs that cannot be told; in time after [\d,]+ runs/,
      );
    }
    expect(cases.map(([{ scope }]) => scope)).toEqual(['board-0', 'board-1', null]);
    expect(() => breakEven(build(10, 1), { ...slow, mode: 'burst' }, fast)).toThrow('modes differ');
  });
});
