import { describe, expect, test } from 'vitest';
import { nextStart, startPhases } from '../../src/planner/block-design.js';
import { blockStatistics, halfWidth } from '../../src/planner/block-statistics.js';
import { Random } from '../helpers/random.js';

/** Autoregressive of first order, standard deviation 1, mean 0. */
function series(random: Random, n: number, correlation: number): number[] {
  let last = random.normal();
  return Array.from({ length: n }, () => {
    last = correlation * last + Math.sqrt(1 - correlation ** 2) * random.normal();
    return last;
  });
}

const average = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe('statistics of blocks', () => {
  test('are the usual ones of a few blocks', () => {
    const s = blockStatistics([1, 2, 3, 4, 5]);
    expect(s).toMatchObject({ blocks: 5, mean: 3, autocorrelation: 0, effectiveBlocks: 5, degrees: 4 });
    expect(s.scatter).toBeCloseTo(Math.sqrt(2.5), 12);
    expect(halfWidth(s, 0.05)).toBeCloseTo(2.776445 * Math.sqrt(2.5 / 5), 5);
  });

  test('of equal blocks leave no interval', () => {
    expect(halfWidth(blockStatistics([7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7]), 0.05)).toBe(0);
  });

  test.each([0, 0.3, 0.6])(
    'know how many independent blocks correlated ones are worth: %d',
    (correlation) => {
      const n = 400;
      const all = Array.from({ length: 200 }, (_, i) =>
        blockStatistics(series(new Random(i), n, correlation)),
      );
      const wanted = (n * (1 - correlation)) / (1 + correlation);
      expect(average(all.map((s) => s.effectiveBlocks)) / wanted).toBeGreaterThan(0.9);
      expect(average(all.map((s) => s.effectiveBlocks)) / wanted).toBeLessThan(1.05);
    },
  );

  test.each([0, 0.3, 0.6])('cover the mean of 40 blocks with a correlation of %d', (correlation) => {
    let misses = 0;
    for (let seed = 0; seed < 2000; ++seed) {
      const s = blockStatistics(series(new Random(1000 + seed), 40, correlation));
      if (Math.abs(s.mean) > halfWidth(s, 0.05)) misses += 1;
    }
    // 100 expected of independent blocks; the correlation of 40 blocks is itself an estimate.
    expect(misses).toBeLessThan(correlation === 0 ? 120 : 180);
  });

  test('a correlation below 0 promises nothing', () => {
    const s = blockStatistics(Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 1 : -1)));
    expect(s).toMatchObject({ autocorrelation: 0, effectiveBlocks: 20 });
  });
});

describe('start phases', () => {
  // [H100] what the counter makes of a burst repeats in each fifth of its period.
  test.each([
    [10, 1],
    [37, 1],
    [500, 1],
    [10, 5],
    [37, 5],
    [500, 5],
  ])('of %d blocks leave no gap wider than three times the even one in 1/%d of the period', (n, parts) => {
    const phases = [...startPhases(0, n)];
    expect([...startPhases(0, 7), ...startPhases(7, n - 7)]).toEqual(phases);
    const sorted = phases.map((phase) => (phase * parts) % 1).sort((a, b) => a - b);
    const gaps = sorted.map((phase, i) => phase - (sorted[i - 1] ?? (sorted.at(-1) as number) - 1));
    expect(Math.max(...gaps)).toBeLessThan(3 / n);
  });

  test.each([1, 2, 5, 10])(
    'make neighbours no more alike than chance by what repeats %d times in the period',
    (parts) => {
      const values = [...startPhases(0, 200)].map((phase) => Math.cos(2 * Math.PI * parts * phase));
      expect(blockStatistics(values).autocorrelation).toBeLessThan(0.2);
    },
  );

  test('a start is the first instant of its phase that is not too early', () => {
    expect(nextStart(1003, 0.25, 100, 1000)).toBe(1025);
    expect(nextStart(1025, 0.25, 100, 1000)).toBe(1025);
    expect(nextStart(1025.5, 0.25, 100, 1000)).toBe(1125);
    expect(nextStart(17, 0.25, 0, 0)).toBe(17);
  });
});
