// The shapes of onnxruntime-common, declared here so that the published types need no other package.

/** Element types of ONNX tensors, as onnxruntime-common names them. */
export interface TensorDataTypeMap {
  float32: Float32Array;
  uint8: Uint8Array;
  int8: Int8Array;
  uint16: Uint16Array;
  int16: Int16Array;
  int32: Int32Array;
  int64: BigInt64Array;
  string: string[];
  bool: Uint8Array;
  /** Bit patterns; a Float16Array is accepted wherever the engine has one. */
  float16: Uint16Array;
  float64: Float64Array;
  uint32: Uint32Array;
  uint64: BigUint64Array;
  uint4: Uint8Array;
  int4: Int8Array;
}

export type TensorType = keyof TensorDataTypeMap;
export type TensorData = TensorDataTypeMap[TensorType];
export type TensorLocation = 'none' | 'cpu' | 'cpu-pinned' | 'texture' | 'gpu-buffer' | 'ml-tensor';

/** Anything shaped like a CPU tensor: ours, onnxruntime-common's, or a plain object. */
export interface TensorLike {
  readonly type: TensorType;
  readonly dims: readonly number[];
  readonly data: TensorData;
}

export interface ExternalDataFileDescription {
  data: string | Uint8Array | ArrayBufferLike;
  path: string;
}

export interface ExecutionProviderOption {
  readonly name: string;
  readonly deviceId?: number;
  /** Every further option goes to the provider as it is (`trt_fp16_enable`, `cudnn_conv_algo_search`, …). */
  readonly [option: string]: unknown;
}

export type ExecutionProviderConfig = string | ExecutionProviderOption | { readonly name: string };

export interface SessionOptions {
  executionProviders?: readonly ExecutionProviderConfig[];
  /** Take the next provider of the list where one cannot be used, and record why. Default false: an error. */
  fallback?: boolean;
  /** Refuse a session in which a node fell to a provider that was not asked for. */
  strict?: boolean;
  intraOpNumThreads?: number;
  interOpNumThreads?: number;
  freeDimensionOverrides?: { readonly [dimensionName: string]: number };
  graphOptimizationLevel?: 'disabled' | 'basic' | 'extended' | 'layout' | 'all';
  enableCpuMemArena?: boolean;
  enableMemPattern?: boolean;
  executionMode?: 'sequential' | 'parallel';
  optimizedModelFilePath?: string;
  enableProfiling?: boolean;
  profileFilePrefix?: string;
  logId?: string;
  logSeverityLevel?: 0 | 1 | 2 | 3 | 4;
  logVerbosityLevel?: number;
  externalData?: readonly (ExternalDataFileDescription | string)[];
  enableGraphCapture?: boolean;
  extra?: Record<string, unknown>;
  /** Folder or file of the onnxruntime-node to use; default: found beside this package, then from the working directory. */
  onnxruntime?: string;
  /** How long the executor keeps polling after its last job, µs. Default 50; 0: it sleeps at once. */
  executorSpinUs?: number;
  /** How long `run` may wait on the calling thread for runs known to be short, µs. Default 20; 0: never. */
  callerWaitUs?: number;
}

export interface RunOptions {
  logSeverityLevel?: 0 | 1 | 2 | 3 | 4;
  logVerbosityLevel?: number;
  terminate?: boolean;
  tag?: string;
  extra?: Record<string, unknown>;
  signal?: import('./meter.js').AbortSignalLike;
}

export type ValueMetadata =
  | { readonly name: string; readonly isTensor: false }
  | {
      readonly name: string;
      readonly isTensor: true;
      readonly type: TensorType;
      readonly shape: readonly (number | string)[];
    };

/** Input tensors by name; checked against the model's metadata before the run starts. */
export type Feeds = { readonly [name: string]: TensorLike };
export type Fetches = readonly string[] | { readonly [name: string]: TensorLike | null };
