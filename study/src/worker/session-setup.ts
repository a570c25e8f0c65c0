// How the library's session is made for a load request.
import { readdirSync } from 'node:fs';
import type { InferenceSession } from 'microjoule';
import { MODELS } from '../table/names.js';
import type { LoadAnswer, LoadRequest } from '../types/protocol.js';
import { RequestError } from './serve.js';

/** Options that are the session's own; all others go to the provider. */
const SESSION_KEYS = ['onnxruntime', 'libraryFolders'] as const;

export function sessionOptions(request: LoadRequest): InferenceSession.SessionOptions {
  const { options, threads, callPath, batch, sequenceLength, provider } = request;
  const { onnxruntime, libraryFolders } = options;
  return {
    executionProviders: providers(request),
    // Which nodes fell to another provider is in the placement.
    freeDimensionOverrides: { batch, sequence: sequenceLength },
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    ...(callPath === 'graph' ? { enableGraphCapture: true } : {}),
    ...(typeof onnxruntime === 'string' ? { onnxruntime } : {}),
    ...(typeof libraryFolders === 'string' ? { libraryFolders: libraryFolders.split(':') } : {}),
    ...(provider === 'cpu' ? {} : { fallback: false }),
  };
}

function providers({ provider, options, precision, cudnnAutotune }: LoadRequest) {
  const given = Object.fromEntries(
    Object.entries(options).filter(([key]) => !SESSION_KEYS.includes(key as never)),
  );
  if (provider === 'cpu') return [{ name: 'cpu', ...given }];
  const cuda = {
    name: 'cuda',
    ...(precision.tf32 === undefined ? {} : { use_tf32: precision.tf32 }),
    ...(cudnnAutotune === undefined
      ? {}
      : { cudnn_conv_algo_search: cudnnAutotune ? 'EXHAUSTIVE' : 'HEURISTIC' }),
  };
  if (provider === 'cuda') return [{ ...cuda, ...given }];
  // TensorRT hands what it does not take to CUDA.
  return [{ name: 'tensorrt', ...(precision.fp16 ? { trt_fp16_enable: true } : {}), ...given }, cuda];
}

/** TensorRT has no option for TF32; NVIDIA's libraries read this variable when they are loaded. */
export function setTf32({ provider, precision }: LoadRequest): void {
  if (provider === 'tensorrt' && precision.tf32 === false) process.env.NVIDIA_TF32_OVERRIDE = '0';
}

export function precisionUsed({ provider, precision, options }: LoadRequest): LoadAnswer['precision'] {
  if (provider === 'cpu') return { tf32: null, fp16: precision.fp16 === true };
  // TF32 is on in ONNX Runtime's CUDA provider and in TensorRT unless it is switched off.
  const option = options.use_tf32;
  const tf32 =
    precision.tf32 ?? (option === undefined ? true : option === true || option === 1 || option === '1');
  return { tf32, fp16: precision.fp16 === true || options.trt_fp16_enable === true };
}

export function autotuneUsed({ provider, cudnnAutotune, options }: LoadRequest): boolean | null {
  if (provider === 'cpu') return null;
  if (cudnnAutotune !== undefined) return cudnnAutotune;
  // EXHAUSTIVE is the provider's default.
  return (options.cudnn_conv_algo_search ?? 'EXHAUSTIVE') === 'EXHAUSTIVE';
}

/** Engines in the cache; undefined: nothing is cached. */
export function cachedEngines({ provider, options }: LoadRequest): string[] | undefined {
  const folder = options.trt_engine_cache_path;
  if (provider !== 'tensorrt' || typeof folder !== 'string') return undefined;
  try {
    return readdirSync(folder).filter((name) => name.endsWith('.engine'));
  } catch {
    return [];
  }
}

export function requireModel({ model, onnx }: LoadRequest): string {
  if (!MODELS.includes(model)) {
    throw new RequestError('invalid-request', `There is no model '${model}'. Known: ${MODELS.join(', ')}.`);
  }
  if (onnx === undefined)
    throw new RequestError('invalid-request', 'load of onnxruntime needs an ONNX file.');
  return onnx;
}
