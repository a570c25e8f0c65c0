import type { CallPath, ModelName, Provider, Runtime, Subject } from '../types/table.js';

const RUNTIMES: Record<Runtime, string> = {
  pytorch: 'PyTorch',
  tensorflow: 'TensorFlow',
  onnxruntime: 'ONNX Runtime',
  mxnet: 'MXNet',
};
const PROVIDERS: Record<Provider, string> = { cpu: 'CPU', cuda: 'CUDA', tensorrt: 'TensorRT' };
const MODELS: Record<ModelName, string> = {
  resnet50: 'ResNet-50',
  mobilenetv2: 'MobileNetV2',
  'bert-base': 'BERT-base',
};

/** Call paths that go without saying: each runtime's default. */
const USUAL: Record<Runtime, CallPath> = {
  pytorch: 'inference_mode',
  tensorflow: 'function',
  onnxruntime: 'run',
  mxnet: 'hybrid',
};

export const runtimeName = (runtime: Runtime): string => RUNTIMES[runtime];
export const providerName = (provider: Provider): string => PROVIDERS[provider];
export const modelName = (model: ModelName): string => MODELS[model];
export const groupName = (model: ModelName, batch: number): string => `${modelName(model)} at batch ${batch}`;

/** What tells a subject from the others: in as few words as do, or by its id. */
export function labelsOf(subjects: readonly Subject[]): Map<string, string> {
  const short = subjects.map((subject) => labelOf(subject, pathOf(subject)));
  const long = subjects.map((subject) => labelOf(subject, [...pathOf(subject), ...precisionOf(subject)]));
  const alone = (labels: readonly string[], label: string) =>
    labels.filter((other) => other === label).length === 1;
  return new Map(
    subjects.map(({ id }, i) => {
      const [brief, full] = [short[i] as string, long[i] as string];
      if (alone(short, brief)) return [id, brief];
      return [id, alone(long, full) ? full : `${full} [${id}]`];
    }),
  );
}

function labelOf({ runtime, provider }: Subject, details: readonly string[]): string {
  const suffix = details.length > 0 ? ` (${details.join(', ')})` : '';
  return `${runtimeName(runtime)} ${providerName(provider)}${suffix}`;
}

function pathOf({ runtime, source, callPath, dataPath, precision }: Subject): string[] {
  return [
    ...(source && source !== 'built-in' ? [`${runtimeName(source)} export`] : []),
    ...(callPath && callPath !== USUAL[runtime] ? [callPath.replace('_', ' ')] : []),
    ...(dataPath && dataPath !== 'host' ? [`${dataPath} tensors`] : []),
    ...(precision?.fp16 ? ['FP16'] : []),
  ];
}

const precisionOf = ({ precision, threads }: Subject): string[] => [
  ...(precision?.tf32 === undefined ? [] : [precision.tf32 ? 'TF32' : 'no TF32']),
  ...(threads === undefined ? [] : [`${threads} ${threads === 1 ? 'thread' : 'threads'}`]),
];
