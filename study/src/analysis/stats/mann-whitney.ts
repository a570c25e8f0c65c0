// Mann-Whitney U test, two-sided. Mann and Whitney (1947), Annals of Mathematical Statistics 18, 50-60; no kept library for
// Node has it. Exact as SciPy's `auto`: without ties and with no more than 8 values on one side.
import normalCdf from '@stdlib/stats-base-dists-normal-cdf';
import ranks from '@stdlib/stats-ranks';
import { sumOfTies } from './ties.js';

const EXACT_UP_TO = 8;

export interface MannWhitney {
  /** Of the first sample: pairs in which it is the larger one, ties half. */
  u: number;
  p: number;
  method: 'exact' | 'asymptotic';
}

export function mannWhitney(a: readonly number[], b: readonly number[]): MannWhitney {
  const all = [...a, ...b];
  const rankSum = ranks(all)
    .slice(0, a.length)
    .reduce((total, rank) => total + rank, 0);
  const u = rankSum - (a.length * (a.length + 1)) / 2;
  const largest = Math.max(u, a.length * b.length - u);
  if (sumOfTies(all) === 0 && Math.min(a.length, b.length) <= EXACT_UP_TO) {
    return { u, p: exact(largest, a.length, b.length), method: 'exact' };
  }
  return { u, p: asymptotic(largest, a.length, b.length, sumOfTies(all)), method: 'asymptotic' };
}

/** The smallest p that any data of these sizes can give: all of one sample above all of the other. */
export const smallestMannWhitney = (n: number, m: number): number =>
  Math.min(n, m) <= EXACT_UP_TO ? exact(n * m, n, m) : asymptotic(n * m, n, m, 0);

function exact(u: number, n: number, m: number): number {
  const counts = countsOfU(n, m);
  const total = counts.reduce((sum, count) => sum + count, 0);
  const upper = counts.slice(Math.round(u)).reduce((sum, count) => sum + count, 0);
  return Math.min(1, (2 * upper) / total);
}

/** How many of the orders of n and m values have each U: the coefficients of the Gaussian binomial. */
function countsOfU(n: number, m: number): number[] {
  let counts = [1];
  for (let i = 1; i <= n; ++i) counts = divide(multiply(counts, m + i), i);
  return counts;
}

/** By 1 - q^k. */
function multiply(counts: readonly number[], k: number): number[] {
  const product = [...counts, ...new Array<number>(k).fill(0)];
  counts.forEach((count, i) => {
    product[i + k] = (product[i + k] as number) - count;
  });
  return product;
}

/** By 1 - q^k, without rest. */
function divide(counts: readonly number[], k: number): number[] {
  const quotient = [...counts];
  for (let i = k; i < quotient.length; ++i) {
    quotient[i] = (quotient[i] as number) + (quotient[i - k] as number);
  }
  return quotient.slice(0, quotient.length - k);
}

/** With the corrections for ties and for continuity. */
function asymptotic(u: number, n: number, m: number, ties: number): number {
  const all = n + m;
  const sigma = Math.sqrt(((n * m) / 12) * (all + 1 - ties / (all * (all - 1))));
  if (sigma === 0) return 1;
  return Math.min(1, 2 * normalCdf(-(u - (n * m) / 2 - 0.5) / sigma, 0, 1));
}
