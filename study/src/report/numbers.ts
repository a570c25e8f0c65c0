// Readings as they stand in tables and figures.
import type { Reading, Value } from '../analysis/types.js';
import { significant } from '../analysis/words.js';

/** Thousands are set apart from four digits on. */
const grouped = (digits: string): string => {
  const [whole = '', fraction] = digits.split('.');
  const spaced = whole.length > 4 ? whole.replace(/\B(?=(\d{3})+$)/g, '\u202f') : whole;
  return fraction === undefined ? spaced : `${spaced}.${fraction}`;
};

/** Below it a scatter is that of the arithmetic. */
const FINEST = 1e-7;

/** A value to the second digit of its uncertainty. */
export function valueText({ value, uncertainty }: Pick<Value, 'value' | 'uncertainty'>, scale = 1): string {
  const v = scale * value;
  if (!uncertainty || uncertainty < FINEST * Math.abs(value)) return grouped(significant(v, 4));
  const u = scale * uncertainty;
  const decimals = 1 - Math.floor(Math.log10(u));
  const round = (x: number) =>
    decimals >= 0
      ? x.toFixed(Math.min(decimals, 20))
      : String(Math.round(x * 10 ** decimals) / 10 ** decimals);
  return `${grouped(round(v)).replace('-', '−')} ± ${grouped(round(u))}`;
}

export const readingText = (reading: Reading, scale = 1): string =>
  'value' in reading ? valueText(reading, scale) : 'not measured';

export const countText = (value: number): string => grouped(Math.round(value).toString());

/** Energy in a unit that leaves one to four digits before the point. */
export function joules(value: number): { scale: number; unit: string } {
  const size = Math.abs(value);
  if (size >= 1) return { scale: 1, unit: 'J' };
  return size >= 1e-4 ? { scale: 1e3, unit: 'mJ' } : { scale: 1e6, unit: 'µJ' };
}

export function duration(seconds: number): string {
  if (seconds >= 5400) return `${(seconds / 3600).toFixed(1)} h`;
  if (seconds >= 90) return `${(seconds / 60).toFixed(0)} min`;
  return `${significant(seconds, 3)} s`;
}
