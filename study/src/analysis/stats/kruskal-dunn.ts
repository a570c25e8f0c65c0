// Several samples by their ranks: Kruskal-Wallis, and after it Dunn's test of all pairs (Dunn 1964, Technometrics 6,
// 241-252) with Holm's correction.
import normalCdf from '@stdlib/stats-base-dists-normal-cdf';
import kruskalTest from '@stdlib/stats-kruskal-test';
import ranks from '@stdlib/stats-ranks';
import { holm } from './holm.js';
import { sumOfTies } from './ties.js';

export interface KruskalWallis {
  h: number;
  p: number;
  degrees: number;
}

export interface DunnPair {
  a: number;
  b: number;
  z: number;
  p: number;
  /** Holm, over all pairs. */
  corrected: number;
}

/** Null with fewer than two samples, or where all values are equal. */
export function kruskalWallis(samples: readonly (readonly number[])[]): KruskalWallis | null {
  const all = samples.flat();
  if (samples.length < 2 || new Set(all).size < 2) return null;
  const groups = samples.flatMap((sample, i) => sample.map(() => i));
  const { statistic, pValue, df } = kruskalTest(all, { groups });
  return { h: statistic, p: pValue, degrees: df };
}

export function dunn(samples: readonly (readonly number[])[]): DunnPair[] {
  const all = samples.flat();
  const n = all.length;
  const ranked = ranks(all);
  let next = 0;
  const means = samples.map((sample) => {
    const own = ranked.slice(next, next + sample.length);
    next += sample.length;
    return own.reduce((total, rank) => total + rank, 0) / sample.length;
  });
  const spread = (n * (n + 1)) / 12 - sumOfTies(all) / (12 * (n - 1));
  const pairs = samples.flatMap((sample, i) =>
    samples.slice(i + 1).map((other, k) => {
      const j = i + 1 + k;
      const error = Math.sqrt(spread * (1 / sample.length + 1 / other.length));
      const z = error > 0 ? ((means[i] as number) - (means[j] as number)) / error : 0;
      return { a: i, b: j, z, p: 2 * normalCdf(-Math.abs(z), 0, 1) };
    }),
  );
  const corrected = holm(pairs.map(({ p }) => p));
  return pairs.map((pair, i) => ({ ...pair, corrected: corrected[i] as number }));
}

/** The smallest p that Dunn's test can give for one pair of k samples of n: the lowest against the highest. */
export function smallestDunn(k: number, n: number): number {
  const all = k * n;
  const z = (all - n) / Math.sqrt((all * (all + 1)) / (6 * n));
  return 2 * normalCdf(-z, 0, 1);
}
