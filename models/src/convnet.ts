import type { ModelBuilder } from './builder.js';
import {
  type Activation,
  activatedMoments,
  addedMoments,
  type Correlation,
  centre,
  filteredMoments,
  type Moments,
  pooledReluMoments,
  unknownMoments,
} from './moments.js';

/**
 * An activation of a convolutional network while it is being built. The moments are known only once the weights of
 * the layers before it have been written: parameters are written in the order in which they were declared.
 */
export interface Feature {
  readonly value: string;
  readonly channels: number;
  /** Height and width. */
  readonly size: number;
  readonly moments: () => Moments;
}

export interface ConvOptions {
  readonly kernel: number;
  readonly stride?: number;
  readonly groups?: number;
  readonly correlation?: Correlation;
  /** Filters that sum to 0. */
  readonly centred?: boolean;
}

/** Scale and shift of batch normalisation layers: normal, as mean and standard deviation. */
export interface NormScale {
  readonly weight: readonly [number, number];
  readonly bias: readonly [number, number];
}

/**
 * What the propagation misses: with the statistics it predicts, variances grow by about this factor a layer, because
 * channels whose mean deviates carry it on (measured against torchvision on seeded images, see reference/).
 */
const SURPLUS = 1.03;

const INNER: Correlation = { spatial: 0.5, channel: 0 };

/**
 * A convolution without bias. Weights are He's for the fan-out, N(0, 2 / (channels / groups · k²)), the initialisation
 * of torchvision's ResNet and MobileNetV2.
 */
export function convolution(
  b: ModelBuilder,
  name: string,
  input: Feature,
  channels: number,
  options: ConvOptions,
): Feature {
  const { kernel, stride = 1, groups = 1, correlation = INNER, centred = groups === 1 } = options;
  const taps = kernel * kernel;
  const perGroup = input.channels / groups;
  const rowLength = perGroup * taps;
  const deviation = Math.sqrt((2 * groups) / (channels * taps));
  const moments = unknownMoments(channels);
  const weight = b.parameter(
    `${name}.weight`,
    [channels, perGroup, kernel, kernel],
    (random) => (rows, firstRow) => {
      random.fillNormal(rows, 0, deviation);
      const seen = input.moments();
      for (let r = 0; r * rowLength < rows.length; r++) {
        if (centred) centre(rows.subarray(r * rowLength, (r + 1) * rowLength));
        const group = Math.floor(((firstRow + r) * groups) / channels);
        const m = filteredMoments(rows, r * rowLength, taps, perGroup, seen, group * perGroup, correlation);
        moments.mean[firstRow + r] = m.mean;
        moments.variance[firstRow + r] = SURPLUS * m.variance;
      }
    },
  );
  const pad = (kernel - 1) / 2;
  const size = Math.floor((input.size + 2 * pad - kernel) / stride) + 1;
  b.multiplyAdds += channels * rowLength * size * size;
  const output = b.node('Conv', name, [input.value, weight], {
    dilations: [1, 1],
    group: groups,
    kernel_shape: [kernel, kernel],
    pads: [pad, pad, pad, pad],
    strides: [stride, stride],
  });
  return { value: output, channels, size, moments: () => moments };
}

/** Batch normalisation whose running statistics are the moments predicted for its input. */
export function batchNorm(b: ModelBuilder, name: string, input: Feature, scale: NormScale): Feature {
  const { channels } = input;
  const moments = unknownMoments(channels);
  const weight = b.parameter(`${name}.weight`, [channels], (random) => (rows, firstRow) => {
    random.fillNormal(rows, ...scale.weight);
    for (let i = 0; i < rows.length; i++) {
      const gain = Math.max(0.05, rows[i] as number);
      rows[i] = gain;
      moments.variance[firstRow + i] = gain * gain;
    }
  });
  const bias = b.parameter(`${name}.bias`, [channels], (random) => (rows, firstRow) => {
    random.fillNormal(rows, ...scale.bias);
    moments.mean.set(rows, firstRow);
  });
  const predicted = (which: keyof Moments) => () => (rows: Float32Array, firstRow: number) =>
    rows.set(input.moments()[which].subarray(firstRow, firstRow + rows.length));
  const mean = b.parameter(`${name}.running_mean`, [channels], predicted('mean'), false);
  const variance = b.parameter(`${name}.running_var`, [channels], predicted('variance'), false);
  b.unusedCounter(`${name}.num_batches_tracked`);
  const output = b.node('BatchNormalization', name, [input.value, weight, bias, mean, variance], {
    epsilon: { float: 1e-5 },
  });
  return { ...input, value: output, moments: () => moments };
}

export function activation(b: ModelBuilder, name: string, input: Feature, kind: Activation): Feature {
  const output =
    kind === 'relu'
      ? b.node('Relu', name, [input.value])
      : b.node('Clip', name, [input.value, b.sharedFloat('relu6.min', 0), b.sharedFloat('relu6.max', 6)]);
  return { ...input, value: output, moments: once(() => activatedMoments(input.moments(), kind)) };
}

/** ReLU, then the 3x3 maximum with stride 2 of ResNet's stem. */
export function reluMaxPool(b: ModelBuilder, relu: string, pool: string, input: Feature): Feature {
  const rectified = b.node('Relu', relu, [input.value]);
  const output = b.node('MaxPool', pool, [rectified], {
    kernel_shape: [3, 3],
    pads: [1, 1, 1, 1],
    strides: [2, 2],
  });
  const size = Math.floor((input.size - 1) / 2) + 1;
  return { ...input, value: output, size, moments: once(() => pooledReluMoments(input.moments())) };
}

export function add(b: ModelBuilder, name: string, x: Feature, y: Feature): Feature {
  const output = b.node('Add', name, [x.value, y.value]);
  return { ...x, value: output, moments: once(() => addedMoments(x.moments(), y.moments())) };
}

/**
 * Global average pooling and the linear classifier. Averages over positions keep their mean and lose most of their
 * variance, so the weights are scaled for logits of standard deviation `LOGIT_DEVIATION` over the classes.
 */
export function classifier(b: ModelBuilder, name: string, input: Feature, classes: number): string {
  const pooled = b.node('GlobalAveragePool', 'avgpool', [input.value]);
  const flat = b.node('Flatten', 'flatten', [pooled], { axis: 1 });
  const weight = b.parameter(`${name}.weight`, [classes, input.channels], (random) => {
    const squares = input.moments().mean.reduce((sum, m) => sum + m * m, 0);
    const deviation = LOGIT_DEVIATION / Math.sqrt(squares);
    return (rows) => random.fillNormal(rows, 0, deviation);
  });
  const bias = b.parameter(`${name}.bias`, [classes], (random) => (rows) => random.fillNormal(rows, 0, 0.02));
  b.multiplyAdds += classes * input.channels;
  return b.node('Gemm', name, [flat, weight, bias], { transB: 1 });
}

/** Standard deviation of a classifier's logits, as large as trained ImageNet networks have them. */
const LOGIT_DEVIATION = 2;

function once(compute: () => Moments): () => Moments {
  let moments: Moments | undefined;
  return () => {
    moments ??= compute();
    return moments;
  };
}
