import normalQuantile from '@stdlib/stats-base-dists-normal-quantile';
import { mean, standardDeviation } from './summary.js';

const Z = normalQuantile(0.975, 0, 1);

export interface Effect {
  name: "Hedges' g" | "Cliff's delta";
  value: number;
  /** 95 % interval. */
  lo: number;
  hi: number;
}

/**
 * Difference of means over the pooled standard deviation, freed of its bias (Hedges 1981); the interval is that of large
 * samples (Hedges and Olkin 1985, p. 86). Null where nothing scatters.
 */
export function hedgesG(a: readonly number[], b: readonly number[]): Effect | null {
  const [n, m] = [a.length, b.length];
  const degrees = n + m - 2;
  const pooled = Math.sqrt(
    ((n - 1) * standardDeviation(a) ** 2 + (m - 1) * standardDeviation(b) ** 2) / degrees,
  );
  if (!(pooled > 0)) return null;
  const value = (1 - 3 / (4 * degrees - 1)) * ((mean(a) - mean(b)) / pooled);
  const error = Math.sqrt((n + m) / (n * m) + value ** 2 / (2 * (n + m)));
  return { name: "Hedges' g", value, lo: value - Z * error, hi: value + Z * error };
}

/**
 * Mean of differences over their own standard deviation, freed of its bias; the interval is that of large samples
 * (Borenstein et al. 2009, Introduction to Meta-Analysis, chapter 4). Null where they do not scatter.
 */
export function hedgesGOfPairs(differences: readonly number[]): Effect | null {
  const n = differences.length;
  const scatter = standardDeviation(differences);
  if (!(scatter > 0)) return null;
  const value = (1 - 3 / (4 * (n - 1) - 1)) * (mean(differences) / scatter);
  const error = Math.sqrt(1 / n + value ** 2 / (2 * n));
  return { name: "Hedges' g", value, lo: value - Z * error, hi: value + Z * error };
}

/**
 * P(a > b) - P(a < b), with the asymmetric interval of Cliff (1996) as Feng and Cliff (2004, Journal of Modern Applied
 * Statistical Methods 3, 322-332) give it, which stays within -1 and 1.
 */
export function cliffsDelta(a: readonly number[], b: readonly number[]): Effect {
  const [n, m] = [a.length, b.length];
  const signs = a.map((x) => b.map((y) => Math.sign(x - y)));
  const rows = signs.map(mean);
  const columns = b.map((_, j) => mean(signs.map((row) => row[j] as number)));
  const value = mean(rows);
  const squares = (values: readonly number[]) => values.reduce((total, x) => total + (x - value) ** 2, 0);
  const name = "Cliff's delta";
  if (Math.abs(value) === 1) {
    const smaller = Math.min(n, m);
    const inner = (value * (smaller - Z ** 2)) / (smaller + Z ** 2);
    return { name, value, lo: Math.min(value, inner), hi: Math.max(value, inner) };
  }
  const unbiased =
    (n ** 2 * squares(rows) + m ** 2 * squares(columns) - squares(signs.flat())) /
    (n * m * (n - 1) * (m - 1));
  const variance = Math.max(unbiased, (1 - value ** 2) / (n * m - 1));
  const centre = value - value ** 3;
  const reach = Z * Math.sqrt(variance) * Math.sqrt((1 - value ** 2) ** 2 + Z ** 2 * variance);
  const scale = 1 - value ** 2 + Z ** 2 * variance;
  return {
    name,
    value,
    lo: Math.max(-1, (centre - reach) / scale),
    hi: Math.min(1, (centre + reach) / scale),
  };
}
