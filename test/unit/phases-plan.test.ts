import { describe, expect, test } from 'vitest';
import { CYCLE, KINDS, planSegments } from '../../src/phases/plan.js';

describe('the segments of phases', () => {
  test.each([1, 2, 77])('come after each other kind equally often, seed %i', (seed) => {
    const { kinds, cycles } = planSegments(25_000, seed, 100);
    expect(cycles).toBe(5);
    expect(kinds).toHaveLength(5 * CYCLE);
    const after = new Map<string, number>();
    for (let i = 1; i < kinds.length; i += 1) {
      const pair = `${kinds[i - 1]}>${kinds[i]}`;
      after.set(pair, (after.get(pair) ?? 0) + 1);
    }
    expect(after.size).toBe(KINDS.length * (KINDS.length - 1));
    expect([...after.values()].every((count) => count === cycles || count === cycles - 1)).toBe(true);
  });

  test('fill the time asked for, each kind the same part of it', () => {
    const { kinds, lengthsMs } = planSegments(12_345, 3, 100);
    const total = (wanted: (kind: number) => boolean) =>
      lengthsMs.reduce((sum, ms, i) => sum + (wanted(kinds[i] as number) ? ms : 0), 0);
    expect(total(() => true)).toBeCloseTo(12_345, 6);
    for (const kind of KINDS.keys()) expect(total((one) => one === kind)).toBeCloseTo(12_345 / 5, 6);
    expect(new Set(lengthsMs).size).toBeGreaterThanOrEqual(8);
  });

  test('are longer for a slower counter, and one cycle is the least', () => {
    expect(planSegments(60_000, 1, 1000)).toMatchObject({ cycles: 1, segmentMs: 3000 });
    expect(planSegments(2000, 1, 100)).toMatchObject({ cycles: 1, segmentMs: 100 });
    expect(planSegments(25_000, 1, 0).segmentMs).toBe(250);
  });

  test('are the same for the same seed only', () => {
    expect(planSegments(25_000, 5, 100)).toEqual(planSegments(25_000, 5, 100));
    expect(planSegments(25_000, 5, 100).kinds).not.toEqual(planSegments(25_000, 6, 100).kinds);
  });
});
