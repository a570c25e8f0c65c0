import { expect, test } from 'vitest';
import { summarise } from '../../src/latency.js';

test('latencies are summarised in ms, quantiles as NumPy has them', () => {
  // numpy.quantile([1, 2, 3, 4, 10], [.5, .9, .99]) = 3, 7.6, 9.76; std(ddof=1) = 3.5355339059327378
  const summary = summarise(Float64Array.from([4e6, 1e6, 10e6, 2e6, 3e6]));
  expect(summary).toMatchObject({ unit: 'ms', mean: 4, min: 1, max: 10, p50: 3 });
  expect(summary.p90).toBeCloseTo(7.6, 12);
  expect(summary.p99).toBeCloseTo(9.76, 12);
  expect(summary.standardDeviation).toBeCloseTo(3.5355339059327378, 12);
  expect([...summary.durations]).toEqual([4, 1, 10, 2, 3]);
});

test('one run has no spread', () => {
  expect(summarise(Float64Array.of(2e6))).toMatchObject({ p50: 2, p99: 2, standardDeviation: 0 });
});
