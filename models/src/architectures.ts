import { bertBase } from './bert.js';
import { elementCount, ModelBuilder, type Precision } from './builder.js';
import { ModelsError } from './errors.js';
import { mobilenetV2 } from './mobilenet-v2.js';
import { resnet50 } from './resnet50.js';

const ARCHITECTURES = {
  resnet50: { title: 'ResNet-50 v1.5, 224x224 (torchvision resnet50)', build: resnet50 },
  mobilenetv2: { title: 'MobileNetV2 1.0, 224x224 (torchvision mobilenet_v2)', build: mobilenetV2 },
  'bert-base': { title: 'BERT-base-uncased with pooler (Hugging Face BertModel)', build: bertBase },
} as const;

export type ModelName = keyof typeof ARCHITECTURES;

export const MODEL_NAMES = Object.keys(ARCHITECTURES) as ModelName[];

export function checkModelName(name: string): ModelName {
  if (Object.hasOwn(ARCHITECTURES, name)) return name as ModelName;
  throw new ModelsError(
    'invalid-argument',
    `There is no model named ${JSON.stringify(name)}.`,
    `Choose one of ${MODEL_NAMES.join(', ')}.`,
  );
}

export function build(name: ModelName, precision: Precision): ModelBuilder {
  const builder = new ModelBuilder(precision);
  ARCHITECTURES[name].build(builder);
  return builder;
}

export interface ModelDescription {
  readonly name: ModelName;
  readonly title: string;
  /** Trainable parameters. */
  readonly parameters: number;
  /** Multiply-adds of one item, convolutions and matrix products only; twice as many floating-point operations. */
  readonly multiplyAdds: number;
  readonly nodes: number;
}

export function listModels(): ModelDescription[] {
  return MODEL_NAMES.map((name) => {
    const builder = build(name, 'fp32');
    return {
      name,
      title: ARCHITECTURES[name].title,
      parameters: builder.parameters
        .filter((p) => p.trainable)
        .reduce((sum, p) => sum + elementCount(p.shape), 0),
      multiplyAdds: builder.multiplyAdds,
      nodes: builder.nodes.length,
    };
  });
}
