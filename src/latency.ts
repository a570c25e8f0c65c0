import type { LatencySummary } from './types/measure.js';

const NS_PER_MS = 1e6;

/** Latencies in ms from durations in ns. Quantiles interpolate linearly between order statistics (Hyndman-Fan type 7, as NumPy). */
export function summarise(durationsNs: Float64Array): LatencySummary {
  const durations = durationsNs.map((ns) => ns / NS_PER_MS);
  const sorted = Float64Array.from(durations).sort();
  const n = sorted.length;
  const mean = sorted.reduce((sum, x) => sum + x, 0) / n;
  const squares = sorted.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  return {
    unit: 'ms',
    mean,
    min: sorted[0] as number,
    max: sorted[n - 1] as number,
    p50: quantile(sorted, 0.5),
    p90: quantile(sorted, 0.9),
    p99: quantile(sorted, 0.99),
    standardDeviation: n > 1 ? Math.sqrt(squares / (n - 1)) : 0,
    durations,
  };
}

function quantile(sorted: Float64Array, p: number): number {
  const at = (sorted.length - 1) * p;
  const below = sorted[Math.floor(at)] as number;
  const above = sorted[Math.ceil(at)] as number;
  return below + (above - below) * (at - Math.floor(at));
}
