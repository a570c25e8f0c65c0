// Shapiro-Wilk test of normality. Royston, P. (1995): "Remark AS R94: A remark on Algorithm AS 181: The W-test for
// normality", Applied Statistics 44, 547-551, which SciPy and R use too; there is no kept library of it for Node.
import normalCdf from '@stdlib/stats-base-dists-normal-cdf';
import normalQuantile from '@stdlib/stats-base-dists-normal-quantile';
import { mean } from './summary.js';

// Coefficients of the paper, from the constant term on.
const C1 = [0, 0.221157, -0.147981, -2.07119, 4.434685, -2.706056];
const C2 = [0, 0.042981, -0.293762, -1.752461, 5.682633, -3.582633];
const C3 = [0.544, -0.39978, 0.025054, -0.0006714];
const C4 = [1.3822, -0.77857, 0.062767, -0.0020322];
const C5 = [-1.5861, -0.31082, -0.083751, 0.0038915];
const C6 = [-0.4803, -0.082676, 0.0030302];
const GAMMA = [-2.273, 0.459];
const MOST = 5000;

const polynomial = (coefficients: readonly number[], x: number): number =>
  coefficients.reduceRight((total, coefficient) => total * x + coefficient, 0);

export interface ShapiroWilk {
  w: number;
  p: number;
}

/** Null where the test does not apply: fewer than 3 values, more than 5000, or all of them equal. */
export function shapiroWilk(values: readonly number[]): ShapiroWilk | null {
  const n = values.length;
  const sorted = [...values].sort((a, b) => a - b);
  const range = (sorted[n - 1] as number) - (sorted[0] as number);
  if (n < 3 || n > MOST || !(range > 0)) return null;
  const scaled = sorted.map((value) => value / range);
  const centre = mean(scaled);
  const a = weights(n);
  const projected = a.reduce(
    (total, weight, i) => total + weight * ((scaled[n - 1 - i] as number) - (scaled[i] as number)),
    0,
  );
  const squares = scaled.reduce((total, value) => total + (value - centre) ** 2, 0);
  const w = Math.min(1, projected ** 2 / squares);
  return { w, p: probability(w, n) };
}

/** Of the upper half, the largest value first; those of the lower half are the same with the other sign. */
function weights(n: number): number[] {
  if (n === 3) return [Math.SQRT1_2];
  const half = Math.floor(n / 2);
  const scores = Array.from({ length: half }, (_, i) => -normalQuantile((i + 1 - 0.375) / (n + 0.25), 0, 1));
  const sum = 2 * scores.reduce((total, score) => total + score ** 2, 0);
  const [first, second] = scores as [number, number];
  const a1 = polynomial(C1, 1 / Math.sqrt(n)) + first / Math.sqrt(sum);
  if (n <= 5) {
    const factor = Math.sqrt((sum - 2 * first ** 2) / (1 - 2 * a1 ** 2));
    return [a1, ...scores.slice(1).map((score) => score / factor)];
  }
  const a2 = polynomial(C2, 1 / Math.sqrt(n)) + second / Math.sqrt(sum);
  const factor = Math.sqrt((sum - 2 * first ** 2 - 2 * second ** 2) / (1 - 2 * a1 ** 2 - 2 * a2 ** 2));
  return [a1, a2, ...scores.slice(2).map((score) => score / factor)];
}

function probability(w: number, n: number): number {
  if (n === 3) {
    return Math.min(1, Math.max(0, (6 / Math.PI) * (Math.asin(Math.sqrt(w)) - Math.asin(Math.sqrt(0.75)))));
  }
  const y = Math.log(1 - w);
  if (n > 11) {
    const x = Math.log(n);
    return above((y - polynomial(C5, x)) / Math.exp(polynomial(C6, x)));
  }
  const gamma = polynomial(GAMMA, n);
  if (y >= gamma) return 0;
  return above((-Math.log(gamma - y) - polynomial(C3, n)) / Math.exp(polynomial(C4, n)));
}

const above = (z: number): number => normalCdf(-z, 0, 1);
