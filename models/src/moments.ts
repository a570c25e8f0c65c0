import { normalQuantileOf } from './normal.js';

/** Mean and variance of each channel of an activation, over images and positions. */
export interface Moments {
  readonly mean: Float64Array;
  readonly variance: Float64Array;
}

export function unknownMoments(channels: number): Moments {
  return { mean: new Float64Array(channels), variance: new Float64Array(channels) };
}

/** Standard normal values at the midpoints of equally probable slices: averages over them are expectations. */
const PROBABILITIES = Array.from({ length: 128 }, (_, i) => (i + 0.5) / 128);
const STANDARD_NORMAL = PROBABILITIES.map(normalQuantileOf);
/** The same for the largest of four independent values, whose distribution function is the fourth power. */
const LARGEST_OF_FOUR = PROBABILITIES.map((p) => normalQuantileOf(Math.sqrt(Math.sqrt(p))));

function averageOver(
  points: readonly number[],
  f: (z: number) => number,
): { mean: number; variance: number } {
  let sum = 0;
  let squares = 0;
  for (const z of points) {
    const y = f(z);
    sum += y;
    squares += y * y;
  }
  const mean = sum / points.length;
  return { mean, variance: Math.max(0, squares / points.length - mean * mean) };
}

export type Activation = 'relu' | 'relu6';

function transformed(input: Moments, points: readonly number[], f: (x: number) => number): Moments {
  const output = unknownMoments(input.mean.length);
  for (let c = 0; c < input.mean.length; c++) {
    const mean = input.mean[c] as number;
    const deviation = Math.sqrt(input.variance[c] as number);
    const after = averageOver(points, (z) => f(mean + deviation * z));
    output.mean[c] = after.mean;
    output.variance[c] = after.variance;
  }
  return output;
}

/** Moments after an activation of normally distributed channels. */
export function activatedMoments(input: Moments, activation: Activation): Moments {
  const limit = activation === 'relu6' ? 6 : Infinity;
  return transformed(input, STANDARD_NORMAL, (x) => Math.max(0, Math.min(limit, x)));
}

/** Moments after ReLU and a 3x3 maximum, whose nine overlapping, correlated values count as four independent ones. */
export function pooledReluMoments(input: Moments): Moments {
  return transformed(input, LARGEST_OF_FOUR, (x) => Math.max(0, x));
}

/** Moments of the sum of two independent activations. */
export function addedMoments(a: Moments, b: Moments): Moments {
  const sum = (x: Float64Array, y: Float64Array) => x.map((v, i) => v + (y[i] as number));
  return { mean: sum(a.mean, b.mean), variance: sum(a.variance, b.variance) };
}

/** How alike the values are that a filter sees: correlation between positions of a channel, and between channels. */
export interface Correlation {
  readonly spatial: number;
  readonly channel: number;
}

/**
 * Mean and variance of what one filter (weights of `channels` input channels with `taps` positions each, from
 * `offset`) makes of inputs with these moments, the first of them at `firstInput`.
 */
export function filteredMoments(
  weights: Float32Array,
  offset: number,
  taps: number,
  channels: number,
  input: Moments,
  firstInput: number,
  correlation: Correlation,
): { mean: number; variance: number } {
  let mean = 0;
  let separate = 0;
  let perChannel = 0;
  let across = 0;
  for (let k = 0; k < channels; k++) {
    let sum = 0;
    let squares = 0;
    const start = offset + k * taps;
    for (let t = 0; t < taps; t++) {
      const w = weights[start + t] as number;
      sum += w;
      squares += w * w;
    }
    const variance = input.variance[firstInput + k] as number;
    mean += sum * (input.mean[firstInput + k] as number);
    separate += squares * variance;
    perChannel += sum * sum * variance;
    across += sum * Math.sqrt(variance);
  }
  const { spatial, channel } = correlation;
  const together = (1 - channel) * perChannel + channel * across * across;
  return { mean, variance: (1 - spatial) * separate + spatial * together };
}

/** Makes a filter sum to 0, so that what its inputs have in common does not pass. */
export function centre(filter: Float32Array): void {
  let sum = 0;
  for (const w of filter) sum += w;
  const mean = sum / filter.length;
  for (let i = 0; i < filter.length; i++) filter[i] = (filter[i] as number) - mean;
}
