import { mean, scatterOfMean } from './summary.js';

export interface PairedDifference {
  /** Of the first over the second, less 1. */
  value: number;
  lo: number;
  hi: number;
}

/** Of a pair, as a logarithm: a slow block counts alike on either side. */
export const logRatio = ([a, b]: readonly [number, number]): number => Math.log(a / b);

/** Geometric mean of ratios, less 1, with its 95 % interval (Student); null: there are fewer than two. */
export function relativeDifference(logRatios: readonly number[]): PairedDifference | null {
  const half = scatterOfMean(logRatios);
  if (half === null) return null;
  const centre = mean(logRatios);
  return { value: Math.expm1(centre), lo: Math.expm1(centre - half), hi: Math.expm1(centre + half) };
}
