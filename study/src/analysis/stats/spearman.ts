import normalQuantile from '@stdlib/stats-base-dists-normal-quantile';
import studentCdf from '@stdlib/stats-base-dists-t-cdf';
import ranks from '@stdlib/stats-ranks';
import { mean } from './summary.js';

export interface Spearman {
  rho: number;
  p: number;
  n: number;
  /** 95 % interval (Bonett and Wright 2000, Psychometrika 65, 23-28); null with n < 4, or where |rho| is 1. */
  lo: number | null;
  hi: number | null;
}

/** Null with fewer than three pairs, or where one of both does not vary. */
export function spearman(x: readonly number[], y: readonly number[]): Spearman | null {
  const n = x.length;
  if (n < 3 || new Set(x).size < 2 || new Set(y).size < 2) return null;
  const rho = Math.max(-1, Math.min(1, correlation(ranks([...x]), ranks([...y]))));
  if (Math.abs(rho) > 1 - 1e-12) return { rho: Math.sign(rho), p: 0, n, lo: null, hi: null };
  const t = rho * Math.sqrt((n - 2) / (1 - rho ** 2));
  const p = 2 * studentCdf(-Math.abs(t), n - 2);
  if (n < 4) return { rho, p, n, lo: null, hi: null };
  const reach = (normalQuantile(0.975, 0, 1) * Math.sqrt(1 + rho ** 2 / 2)) / Math.sqrt(n - 3);
  const centre = Math.atanh(rho);
  return { rho, p, n, lo: Math.tanh(centre - reach), hi: Math.tanh(centre + reach) };
}

function correlation(x: readonly number[], y: readonly number[]): number {
  const [mx, my] = [mean(x), mean(y)];
  const product = (u: readonly number[], mu: number, v: readonly number[], mv: number) =>
    u.reduce((total, value, i) => total + (value - mu) * ((v[i] as number) - mv), 0);
  return product(x, mx, y, my) / Math.sqrt(product(x, mx, x, mx) * product(y, my, y, my));
}
