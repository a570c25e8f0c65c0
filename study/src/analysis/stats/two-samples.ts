// Two samples by the fixed rule: Welch's test and Hedges' g where neither departs from normality, else Mann-Whitney's
// and Cliff's delta. In pairs: the t test of the logarithms of their ratios and Hedges' g of these, else Wilcoxon's signed
// ranks and Cliff's delta.
import ttest from '@stdlib/stats-ttest';
import ttest2 from '@stdlib/stats-ttest2';
import wilcoxon from '@stdlib/stats-wilcoxon';
import { cliffsDelta, type Effect, hedgesG, hedgesGOfPairs } from './effect-size.js';
import { mannWhitney } from './mann-whitney.js';
import { logRatio } from './paired.js';
import { shapiroWilk } from './shapiro-wilk.js';
import { standardDeviation } from './summary.js';

/** Of Shapiro-Wilk's p in the rule. */
export const NORMALITY_LEVEL = 0.05;

export interface TwoSamples {
  test: 'Welch' | 'Mann-Whitney' | 'paired t' | 'Wilcoxon';
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

/** `a[i]` beside `b[i]`. Null of fewer than two pairs, and where nothing differs. */
export function pairedSamples(a: readonly number[], b: readonly number[]): TwoSamples | null {
  const ratios = a.map((value, i) => logRatio([value, b[i] as number]));
  if (ratios.length < 2 || !ratios.every(Number.isFinite) || ratios.every((ratio) => ratio === 0))
    return null;
  if (seemsNormal(ratios)) return { test: 'paired t', ...pairedT(ratios), effect: hedgesGOfPairs(ratios) };
  return { test: 'Wilcoxon', ...signedRanks(ratios), effect: cliffsDelta(a, b) };
}

export function pairedT(differences: readonly number[]): { statistic: number; p: number } {
  const { statistic, pValue } = ttest([...differences]);
  return { statistic, p: pValue };
}

/** Of Wilcoxon's signed ranks: all differences one way. */
export const smallestWilcoxon = (n: number): number => 2 ** (1 - n);

export function signedRanks(differences: readonly number[]): { statistic: number; p: number } {
  const { statistic, pValue } = wilcoxon([...differences]);
  // With ties the normal approximation promises more than so few can give.
  return { statistic, p: Math.min(1, Math.max(pValue, smallestWilcoxon(differences.length))) };
}
