import { RandomStream } from './random.js';

export { toFloat16 as toHalf } from './float16.js';

/** Standard normal values that depend on the seed and the name only. */
export function normals(seed: number, name: string, count: number): Float32Array {
  const out = new Float32Array(count);
  new RandomStream(seed, name).fillNormal(out, 0, 1);
  return out;
}

/** Whole numbers from `low` up to, but not including, `high`. */
export function uniformIntegers(
  seed: number,
  name: string,
  count: number,
  low: number,
  high: number,
): Int32Array {
  const random = new RandomStream(seed, name);
  return Int32Array.from({ length: count }, () => low + Math.floor(random.uniform() * (high - low)));
}
