// The shapes of onnxruntime-common, declared here so that the published types need no other package.
import type { AbortSignalLike } from './meter.js';

/** Arrays of the data of each element type, as onnxruntime-common names them. */
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
  /** Bit patterns; on engines that have one a Float16Array of the same bytes, as in onnxruntime-common. */
  float16: Uint16Array;
  float64: Float64Array;
  uint32: Uint32Array;
  uint64: BigUint64Array;
  /** Two elements a byte, the first one in the low bits. */
  uint4: Uint8Array;
  /** Two elements a byte, the first one in the low bits. */
  int4: Int8Array;
}

/** One element of each type. */
export interface TensorElementTypeMap {
  float32: number;
  uint8: number;
  int8: number;
  uint16: number;
  int16: number;
  int32: number;
  int64: bigint;
  string: string;
  bool: boolean;
  float16: number;
  float64: number;
  uint32: number;
  uint64: bigint;
  uint4: number;
  int4: number;
}

export type TensorType = keyof TensorDataTypeMap;
export type TensorData = TensorDataTypeMap[TensorType];
export type TensorLocation = 'none' | 'cpu' | 'cpu-pinned' | 'texture' | 'gpu-buffer' | 'ml-tensor';

/** The part of a Float16Array that is used; the type itself is newer than es2022. */
export interface Float16ArrayLike {
  readonly BYTES_PER_ELEMENT: number;
  readonly buffer: ArrayBufferLike;
  readonly byteOffset: number;
  readonly length: number;
  readonly [Symbol.toStringTag]: 'Float16Array';
}

/** Anything shaped like a CPU tensor: ours, onnxruntime-common's, or a plain object. */
export interface TensorLike {
  readonly type: TensorType;
  readonly dims: readonly number[];
  readonly data: TensorData | Float16ArrayLike;
}

/** A type of the DOM where the consumer's `lib` has it, so that none is needed here. */
export type GlobalType<Name extends string, Fallback = unknown> = typeof globalThis extends {
  [K in Name]: { prototype: infer T };
}
  ? T
  : Fallback;

export interface ExternalDataFileDescription {
  /** Path of the file, or its bytes. */
  data: string | Uint8Array | ArrayBufferLike | { readonly size: number };
  /** Name by which the model refers to it. */
  path: string;
}

export interface ExecutionProviderOption {
  readonly name: string;
  /** CUDA ordinal; default 0. */
  readonly deviceId?: number;
  /** Every further option goes to the provider as it is (`trt_fp16_enable`, `cudnn_conv_algo_search`, …). */
  readonly [option: string]: unknown;
}

export type ExecutionProviderConfig = string | ExecutionProviderOption | { readonly name: string };

export interface SessionOptions {
  /** In order of preference; default `['cpu']`. */
  executionProviders?: readonly ExecutionProviderConfig[];
  /** Take the next provider of the list where one cannot be used, and record why. Default false: an error. */
  fallback?: boolean;
  /** Refuse a session in which a node fell to a provider that is not in `executionProviders`; the nodes are named. */
  strict?: boolean;
  /**
   * How `session.placement` is found. ONNX Runtime tells it from 1.24 on, as nodes were assigned; 'profile' runs the
   * model once on zeros with a profile, and tells where each node ran after all optimisations, on any release.
   */
  placement?: 'profile';
  /**
   * Allow TF32 of NVIDIA's tensor cores, or not, for all providers of the session: `use_tf32` of 'cuda'. TensorRT takes
   * it from the environment alone (NVIDIA_TF32_OVERRIDE=0 when the process starts: off), so that `false` is refused
   * there where it is not so. Default: the provider's, which is to allow it. `session.precision` says what holds.
   */
  tf32?: boolean;
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
  /** Default 4 (fatal): nothing is written to stderr, errors are thrown. */
  logSeverityLevel?: 0 | 1 | 2 | 3 | 4;
  logVerbosityLevel?: number;
  /** Only 'cpu' is offered. */
  preferredOutputLocation?: TensorLocation | { readonly [outputName: string]: TensorLocation };
  externalData?: readonly (ExternalDataFileDescription | string)[];
  /**
   * Capture the model in a CUDA graph and replay it: sets `enable_cuda_graph` of 'cuda' or `trt_cuda_graph_enable` of
   * 'tensorrt', the first provider. All dimensions must be fixed (`freeDimensionOverrides`) and all nodes on that
   * provider. Such a session runs through `bind` and `measure`; `run` is refused.
   */
  enableGraphCapture?: boolean;
  /**
   * Keeps the engines that TensorRT builds for the next session with the same model, shapes, kind of GPU, versions and
   * options: in this folder, or with true in `$XDG_CACHE_HOME/microjoule/engines`. Default false: nothing is kept, and
   * `trt_engine_cache_*` of the provider go through as they are; both at once are refused.
   */
  engineCache?: boolean | string;
  /** Rejects at once with the signal's reason; what is being loaded or built is ended as soon as it is made. */
  signal?: AbortSignalLike;
  extra?: Record<string, unknown>;
  /** Folder or file of the onnxruntime-node to use; default: found beside this package, then from the working directory. */
  onnxruntime?: string;
  /**
   * Where the libraries of CUDA, cuDNN and TensorRT are looked for before the places that are known: beside
   * onnxruntime-node, LD_LIBRARY_PATH, Python environments, /usr/local/cuda, ldconfig's, the system's.
   */
  libraryFolders?: readonly string[];
  /**
   * Thread of `run`. 'session' (default): one of the session's own, so that the event loop goes on. 'caller': the calling
   * thread, as in onnxruntime-node: the event loop stands still until the run has ended, and in return nothing is handed
   * over and no input copied. Runs with a signal, those behind other work of the session, and those that would have to wait
   * for another session go to the session's thread in either case.
   */
  runsOn?: 'session' | 'caller';
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
  /** Stops the run; `run` then rejects with the signal's reason. */
  signal?: AbortSignalLike;
}

export type ValueMetadata =
  | { readonly name: string; readonly isTensor: false }
  | {
      readonly name: string;
      readonly isTensor: true;
      readonly type: TensorType;
      /** Free dimensions by name. */
      readonly shape: readonly (number | string)[];
    };

/** Input tensors by name; checked against the model's metadata before the run starts. */
export type Feeds = { readonly [name: string]: TensorLike };
export type Fetches = readonly string[] | { readonly [name: string]: TensorLike | null };

/** A provider of the list that was passed over, and why. */
export interface SkippedProvider {
  name: string;
  reason: string;
  code: string;
}

/** Which execution provider took which nodes. */
export interface Placement {
  /** False where ONNX Runtime does not tell: before 1.24, unless the session was made with `placement: 'profile'`. */
  known: boolean;
  /** 'assignment': nodes after the basic optimisations; 'profile': nodes that a run executed, after all of them. */
  source?: 'assignment' | 'profile';
  /** Node counts by provider, where known. */
  nodes: Record<string, number>;
  /** Nodes by provider as 'name (Operator)', at most 20 of each. */
  names: Record<string, string[]>;
}

/** Where bound inputs and outputs lie: ordinary memory, page-locked memory, the GPU's. */
export type BindingLocation = 'cpu' | 'pinned' | 'gpu';

export interface BindOptions {
  inputs: Feeds;
  /** Names of the outputs wanted; default all. */
  outputs?: readonly string[];
  /** Default 'gpu' on a CUDA device, else 'cpu'. */
  location?: BindingLocation;
}
