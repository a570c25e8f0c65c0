// Numbers as they are read.
import type { Ratio } from './types.js';

/** Rounded to the second digit of its own size, no finer than 0.01. */
export function percent(share: number): string {
  return `${inPercent(share, decimalsFor(Math.abs(share)))} %`;
}

/** With its sign, to a tenth of a thousandth. */
export function signedPercent(share: number): string {
  const text = inPercent(share, 2);
  return `${share > 0 && Number(text) !== 0 ? '+' : ''}${text} %`;
}

const decimalsFor = (share: number): number => (share >= 0.1 ? 0 : share >= 0.01 ? 1 : 2);

const inPercent = (share: number, decimals: number): string => {
  const text = (100 * share).toFixed(decimals);
  return (Number(text) === 0 ? text.replace('-', '') : text).replace('-', '−');
};

/** What the first is below the second, in as many digits as its interval allows. */
export function reduction(ratio: Ratio): string {
  return `${inPercent(1 - ratio.ratio, decimalsOf(ratio))} %`;
}

export function intervalOfReduction(ratio: Ratio): string {
  if (ratio.lo === null || ratio.hi === null) return '';
  const decimals = decimalsOf(ratio);
  return `95 % CI ${inPercent(1 - ratio.hi, decimals)} to ${inPercent(1 - ratio.lo, decimals)} %`;
}

function decimalsOf({ ratio, lo, hi }: Ratio): number {
  if (lo === null || hi === null) return decimalsFor(Math.abs(1 - ratio));
  return hi - lo >= 0.02 ? 0 : hi - lo >= 0.002 ? 1 : 2;
}

export function probability(p: number): string {
  if (p < 0.001) return '< 0.001';
  return p.toFixed(p < 0.1 ? 3 : 2);
}

/** To so many significant digits, without an exponent where a reader expects none. */
export function significant(value: number, digits = 3): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e6 || size < 1e-4) return value.toExponential(digits - 1).replace('-', '−');
  const decimals = Math.max(0, digits - 1 - Math.floor(Math.log10(size)));
  return value.toFixed(Math.min(decimals, 12)).replace('-', '−');
}
