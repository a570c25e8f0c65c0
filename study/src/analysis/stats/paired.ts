import { mean, scatterOfMean } from './summary.js';

export interface PairedDifference {
  /** Of the first over the second, less 1. */
  value: number;
  lo: number;
  hi: number;
}

/** Mean of relative differences with its 95 % interval (Student); null: there are fewer than two. */
export function meanDifference(differences: readonly number[]): PairedDifference | null {
  const half = scatterOfMean(differences);
  if (half === null) return null;
  const value = mean(differences);
  return { value, lo: value - half, hi: value + half };
}

export const relativeDifference = ([a, b]: readonly [number, number]): number => a / b - 1;
