// Two samples by the fixed rule: Welch's test and Hedges' g where neither departs from normality, else Mann-Whitney's
// and Cliff's delta.
import ttest2 from '@stdlib/stats-ttest2';
import { cliffsDelta, type Effect, hedgesG } from './effect-size.js';
import { mannWhitney } from './mann-whitney.js';
import { shapiroWilk } from './shapiro-wilk.js';
import { standardDeviation } from './summary.js';

/** Of Shapiro-Wilk's p in the rule. */
export const NORMALITY_LEVEL = 0.05;

export interface TwoSamples {
  test: 'Welch' | 'Mann-Whitney';
  statistic: number;
  p: number;
  effect: Effect | null;
}

/** A sample too small for Shapiro-Wilk, or that does not vary, is not known to be normal. */
export function seemsNormal(values: readonly number[]): boolean {
  const result = shapiroWilk(values);
  return result !== null && result.p >= NORMALITY_LEVEL;
}

/** Null where a sample has fewer than two values. */
export function twoSamples(a: readonly number[], b: readonly number[]): TwoSamples | null {
  if (a.length < 2 || b.length < 2) return null;
  if (seemsNormal(a) && seemsNormal(b)) return { test: 'Welch', ...welch(a, b), effect: hedgesG(a, b) };
  const { u, p } = mannWhitney(a, b);
  return { test: 'Mann-Whitney', statistic: u, p, effect: cliffsDelta(a, b) };
}

export function welch(a: readonly number[], b: readonly number[]): { statistic: number; p: number } {
  // The test is the same in any unit; near 1 none of its squares is lost.
  const unit = Math.max(standardDeviation(a), standardDeviation(b));
  const [first = 0] = a;
  const scaled = (values: readonly number[]) => values.map((value) => (value - first) / unit);
  const { statistic, pValue } = ttest2(scaled(a), scaled(b), { variance: 'unequal' });
  return { statistic, p: pValue };
}
