import type { Subject } from '../types/table.js';

/** Why a subject cannot be run anywhere, as far as is known before the start; what a machine lacks, its worker says. */
export function impossible({
  runtime,
  provider,
  source,
  callPath,
  dataPath,
  precision,
}: Subject): string | undefined {
  const gpu = provider !== 'cpu';
  if (provider === 'tensorrt' && runtime !== 'onnxruntime') {
    return `TensorRT is an execution provider of ONNX Runtime; ${runtime} has none here.`;
  }
  if ((callPath === 'cuda_graph' || callPath === 'graph') && !gpu) {
    return 'A CUDA graph needs a GPU, and the provider is cpu.';
  }
  if ((dataPath === 'pinned' || dataPath === 'device') && !gpu) {
    return `Data path '${dataPath}' needs a GPU: on the processor all memory is the same.`;
  }
  if (precision?.tf32 === true && !gpu) {
    return "TF32 is a format of NVIDIA's tensor cores, and the provider is cpu.";
  }
  const exported = source !== undefined && source !== 'built-in';
  if (exported && precision?.fp16 === true && provider !== 'tensorrt') {
    return `The export of ${source} is in float32; of ONNX Runtime's providers TensorRT alone makes halves of it.`;
  }
  return undefined;
}
