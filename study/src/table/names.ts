import type { CallPath, ModelName, OnnxSource, Provider, Runtime } from '../types/table.js';

export const RUNTIMES: readonly Runtime[] = ['pytorch', 'tensorflow', 'onnxruntime', 'mxnet'];
export const PROVIDERS: readonly Provider[] = ['cpu', 'cuda', 'tensorrt'];
export const MODELS: readonly ModelName[] = ['resnet50', 'mobilenetv2', 'bert-base'];
export const SOURCES: readonly OnnxSource[] = ['built-in', 'pytorch', 'tensorflow', 'mxnet'];
export const DATA_PATHS = ['host', 'pinned', 'device'] as const;

/** Of each runtime, its default first. */
export const CALL_PATHS: Record<Runtime, readonly CallPath[]> = {
  pytorch: ['inference_mode', 'eager', 'compile', 'cuda_graph'],
  tensorflow: ['function', 'call', 'predict'],
  mxnet: ['hybrid'],
  onnxruntime: ['run', 'graph'],
};
