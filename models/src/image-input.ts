import type { ModelBuilder } from './builder.js';
import type { Feature } from './convnet.js';
import type { Correlation, Moments } from './moments.js';

export const IMAGE_SIZE = 224;

/** Normalised images: mean 0 and variance 1 in each channel, neighbouring pixels and colours much alike. */
export function imageInput(b: ModelBuilder): { feature: Feature; correlation: Correlation } {
  const moments: Moments = { mean: new Float64Array(3), variance: new Float64Array(3).fill(1) };
  return {
    feature: {
      value: b.floatInput('input', ['batch', 3, IMAGE_SIZE, IMAGE_SIZE]),
      channels: 3,
      size: IMAGE_SIZE,
      moments: () => moments,
    },
    correlation: { spatial: 0.9, channel: 0.9 },
  };
}
