import type { ModelBuilder } from './builder.js';
import {
  activation,
  add,
  batchNorm,
  classifier,
  convolution,
  type Feature,
  type NormScale,
} from './convnet.js';
import { imageInput } from './image-input.js';

/** Expansion, output channels, blocks, stride of the first block (Sandler et al., CVPR 2018, table 2). */
const STAGES = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

const HIDDEN: NormScale = { weight: [1, 0.15], bias: [0.2, 0.4] };
/** Of the linear bottlenecks; those that are added to a residual change it less than they carry on. */
const BOTTLENECK: NormScale = { weight: [1, 0.15], bias: [0, 0.3] };
const RESIDUAL: NormScale = { weight: [0.5, 0.1], bias: [0, 0.2] };

/** Convolution, batch normalisation and ReLU6, named as torchvision's Conv2dNormActivation. */
function convNormRelu6(
  b: ModelBuilder,
  name: string,
  input: Feature,
  channels: number,
  options: Parameters<typeof convolution>[4],
): Feature {
  const filtered = convolution(b, `${name}.0`, input, channels, options);
  return activation(b, `${name}.2`, batchNorm(b, `${name}.1`, filtered, HIDDEN), 'relu6');
}

function invertedResidual(
  b: ModelBuilder,
  name: string,
  input: Feature,
  channels: number,
  stride: number,
  expansion: number,
): Feature {
  const residual = stride === 1 && input.channels === channels;
  const hidden = input.channels * expansion;
  let index = 0;
  let x = input;
  if (expansion !== 1) x = convNormRelu6(b, `${name}.conv.${index++}`, x, hidden, { kernel: 1 });
  x = convNormRelu6(b, `${name}.conv.${index++}`, x, hidden, { kernel: 3, stride, groups: hidden });
  x = convolution(b, `${name}.conv.${index++}`, x, channels, { kernel: 1 });
  x = batchNorm(b, `${name}.conv.${index}`, x, residual ? RESIDUAL : BOTTLENECK);
  return residual ? add(b, `${name}.add`, input, x) : x;
}

/** torchvision's mobilenet_v2, width 1.0, 224x224. */
export function mobilenetV2(b: ModelBuilder): void {
  const image = imageInput(b);
  let x = convNormRelu6(b, 'features.0', image.feature, 32, {
    kernel: 3,
    stride: 2,
    correlation: image.correlation,
    centred: false,
  });
  let block = 1;
  for (const [expansion, channels, count, stride] of STAGES) {
    for (let i = 0; i < count; i++) {
      x = invertedResidual(b, `features.${block++}`, x, channels, i === 0 ? stride : 1, expansion);
    }
  }
  x = convNormRelu6(b, `features.${block}`, x, 1280, { kernel: 1 });
  b.floatOutput('logits', classifier(b, 'classifier.1', x, 1000), ['batch', 1000]);
}
