import { describe, expect, test } from 'vitest';
import { LatencyLog } from '../../src/latency.js';
import type { RunTimes } from '../../src/native.js';

/** As the native loop gives them. */
function times(ns: number[], every = 1): RunTimes {
  const mean = ns.reduce((a, b) => a + b, 0) / ns.length;
  const squares = ns.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  const moments = { count: ns.length, mean, squares, min: Math.min(...ns), max: Math.max(...ns) };
  return {
    durationsNs: Float64Array.from(ns.filter((_, i) => i % every === 0)),
    durationsEvery: every,
    moments,
  };
}

function logged(parts: RunTimes[], most?: number) {
  const log = new LatencyLog(most);
  for (const part of parts) log.add(part);
  return log.summary();
}

test('latencies are summarised in ms, quantiles as NumPy has them', () => {
  // numpy.quantile([1, 2, 3, 4, 10], [.5, .9, .99]) = 3, 7.6, 9.76; std(ddof=1) = 3.5355339059327378
  const summary = logged([times([4e6, 1e6, 10e6]), times([2e6, 3e6])]);
  expect(summary).toMatchObject({ unit: 'ms', min: 1, max: 10, p50: 3, durationsEvery: 1 });
  expect(summary.mean).toBeCloseTo(4, 12);
  expect(summary.p90).toBeCloseTo(7.6, 12);
  expect(summary.p99).toBeCloseTo(9.76, 12);
  expect(summary.standardDeviation).toBeCloseTo(3.5355339059327378, 12);
  expect([...summary.durations]).toEqual([4, 1, 10, 2, 3]);
});

test('one run has no spread', () => {
  expect(logged([times([2e6])])).toMatchObject({ p50: 2, p99: 2, standardDeviation: 0 });
});

describe('more runs than are kept', () => {
  const ramp = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => (from + i) * 1e6);

  test('memory is bounded, the moments are those of all', () => {
    const parts = Array.from({ length: 50 }, (_, i) => times(ramp(100 * i, 100 * i + 100)));
    const summary = logged(parts, 1000);
    expect(summary.durations.length).toBeLessThanOrEqual(1000);
    expect(summary.durationsEvery).toBe(8);
    expect(summary).toMatchObject({ min: 0, max: 4999 });
    expect(summary.mean).toBeCloseTo(2499.5, 6);
    // numpy.std(numpy.arange(5000), ddof=1)
    expect(summary.standardDeviation).toBeCloseTo(1443.5200033252047, 6);
    expect(Math.abs(summary.p50 - 2499.5)).toBeLessThan(20);
  });

  test('loops that kept different shares count alike', () => {
    const summary = logged([times(ramp(0, 64)), times(ramp(64, 128), 4), times(ramp(128, 160))]);
    expect(summary.durationsEvery).toBe(4);
    expect([...summary.durations]).toEqual(Array.from({ length: 40 }, (_, i) => 4 * i));
  });
});
