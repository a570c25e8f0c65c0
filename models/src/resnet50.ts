import type { ModelBuilder } from './builder.js';
import {
  activation,
  add,
  batchNorm,
  classifier,
  convolution,
  type Feature,
  type NormScale,
  reluMaxPool,
} from './convnet.js';
import { imageInput } from './image-input.js';

/** Width and blocks of the four stages (He et al., CVPR 2016, table 1). */
const STAGES = [
  [64, 3],
  [128, 4],
  [256, 6],
  [512, 3],
] as const;
const EXPANSION = 4;

const HIDDEN: NormScale = { weight: [1, 0.15], bias: [0, 0.4] };
/** Blocks change their residual less than it carries on; where it begins anew, shortcut and block are alike. */
const RESIDUAL: NormScale = { weight: [0.5, 0.1], bias: [0, 0.2] };
const SHORTCUT: NormScale = { weight: [0.8, 0.1], bias: [0, 0.3] };

function bottleneck(b: ModelBuilder, name: string, input: Feature, width: number, stride: number): Feature {
  const channels = width * EXPANSION;
  let x = convolution(b, `${name}.conv1`, input, width, { kernel: 1 });
  x = activation(b, `${name}.relu1`, batchNorm(b, `${name}.bn1`, x, HIDDEN), 'relu');
  // Version 1.5: the 3x3 convolution has the stride; in the paper, and in Keras, the first 1x1 convolution has it.
  x = convolution(b, `${name}.conv2`, x, width, { kernel: 3, stride });
  x = activation(b, `${name}.relu2`, batchNorm(b, `${name}.bn2`, x, HIDDEN), 'relu');
  x = convolution(b, `${name}.conv3`, x, channels, { kernel: 1 });
  x = batchNorm(b, `${name}.bn3`, x, RESIDUAL);
  let shortcut = input;
  if (stride !== 1 || input.channels !== channels) {
    shortcut = convolution(b, `${name}.downsample.0`, input, channels, { kernel: 1, stride });
    shortcut = batchNorm(b, `${name}.downsample.1`, shortcut, SHORTCUT);
  }
  return activation(b, `${name}.relu3`, add(b, `${name}.add`, x, shortcut), 'relu');
}

/** torchvision's resnet50 (version 1.5), 224x224. */
export function resnet50(b: ModelBuilder): void {
  const image = imageInput(b);
  let x = convolution(b, 'conv1', image.feature, 64, {
    kernel: 7,
    stride: 2,
    correlation: image.correlation,
    centred: false,
  });
  x = reluMaxPool(b, 'relu', 'maxpool', batchNorm(b, 'bn1', x, HIDDEN));
  STAGES.forEach(([width, blocks], stage) => {
    for (let i = 0; i < blocks; i++) {
      x = bottleneck(b, `layer${stage + 1}.${i}`, x, width, stage > 0 && i === 0 ? 2 : 1);
    }
  });
  b.floatOutput('logits', classifier(b, 'fc', x, 1000), ['batch', 1000]);
}
