// How the library's session is made for a load request.
import type { InferenceSession } from 'microjoule';
import { MODELS } from '../table/names.js';
import type { LoadRequest } from '../types/protocol.js';
import { RequestError } from './serve.js';

/** Options that are the session's own; all others go to the provider. */
const SESSION_KEYS = ['onnxruntime', 'libraryFolders'] as const;

export function sessionOptions(request: LoadRequest): InferenceSession.SessionOptions {
  const { options, threads, callPath, batch, sequenceLength, precision, engineCache } = request;
  return {
    executionProviders: providers(request),
    // As the other runtimes do: nothing else happens in this process.
    runsOn: 'caller',
    freeDimensionOverrides: { batch, sequence: sequenceLength },
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    ...(callPath === 'graph' ? { enableGraphCapture: true } : {}),
    ...(precision.tf32 === undefined ? {} : { tf32: precision.tf32 }),
    ...(engineCache === undefined ? {} : { engineCache }),
    ...libraries(options),
  };
}

/** Where ONNX Runtime and what its providers need are. */
export function libraries({ onnxruntime, libraryFolders }: LoadRequest['options']) {
  return {
    ...(typeof onnxruntime === 'string' ? { onnxruntime } : {}),
    ...(typeof libraryFolders === 'string' ? { libraryFolders: libraryFolders.split(':') } : {}),
  };
}

function providers({ provider, options, precision, cudnnAutotune }: LoadRequest) {
  const given = Object.fromEntries(
    Object.entries(options).filter(([key]) => !SESSION_KEYS.includes(key as never)),
  );
  if (provider === 'cpu') return [{ name: 'cpu', ...given }];
  const cuda = {
    name: 'cuda',
    ...(cudnnAutotune === undefined
      ? {}
      : { cudnn_conv_algo_search: cudnnAutotune ? 'EXHAUSTIVE' : 'HEURISTIC' }),
  };
  if (provider === 'cuda') return [{ ...cuda, ...given }];
  // TensorRT hands what it does not take to CUDA.
  return [{ name: 'tensorrt', ...(precision.fp16 ? { trt_fp16_enable: true } : {}), ...given }, cuda];
}

/** TensorRT has no option that turns TF32 off: NVIDIA's libraries read this variable when they are loaded. */
export function setTf32({ provider, precision }: LoadRequest): void {
  if (provider === 'tensorrt' && precision.tf32 === false) process.env.NVIDIA_TF32_OVERRIDE = '0';
}

export function autotuneUsed({ provider, cudnnAutotune, options }: LoadRequest): boolean | null {
  if (provider === 'cpu') return null;
  if (cudnnAutotune !== undefined) return cudnnAutotune;
  // EXHAUSTIVE is the provider's default.
  return (options.cudnn_conv_algo_search ?? 'EXHAUSTIVE') === 'EXHAUSTIVE';
}

export function requireModel({ model, onnx }: LoadRequest): string {
  if (!MODELS.includes(model)) {
    throw new RequestError('invalid-request', `There is no model '${model}'. Known: ${MODELS.join(', ')}.`);
  }
  if (onnx === undefined)
    throw new RequestError('invalid-request', 'load of onnxruntime needs an ONNX file.');
  return onnx;
}
