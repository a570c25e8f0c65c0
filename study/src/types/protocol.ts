// The worker protocol, version 1: one JSON object a line, requests on the worker's standard input, answers on its
// standard output; one answer to each request, in order. All else that a worker writes goes to its standard error.
// Instants are CLOCK_MONOTONIC in ns, as decimal strings: process.hrtime.bigint(), time.monotonic_ns().
import type { CallPath, ModelName, Precision, Provider, Runtime } from './table.js';

export const PROTOCOL_VERSION = 1;

export interface HelloRequest {
  op: 'hello';
  protocol: 1;
  /** Those of `load`, for workers that find their runtime by them. */
  options?: LoadRequest['options'];
}
export interface HelloAnswer {
  protocol: 1;
  runtime: Runtime;
  /** Of the runtime, the interpreter, CUDA, cuDNN, ...: whatever the worker can tell. */
  versions: Record<string, string>;
  /** Whether it sees a GPU that it can compute on; why not. */
  gpu: { usable: boolean; name?: string; uuid?: string; reason?: string };
}

export interface LoadRequest {
  op: 'load';
  model: ModelName;
  /** weights.safetensors of microjoule-models: PyTorch's names and layout. */
  weights: string;
  /** The ONNX file (onnxruntime). */
  onnx?: string;
  /** Shapes of what will be prepared: engines, graphs and traced functions are made for them. */
  batch: number;
  /** Of BERT; images have none, and ignore it. */
  sequenceLength: number;
  provider: Provider;
  callPath?: CallPath;
  precision: Precision;
  threads?: number;
  cudnnAutotune?: boolean;
  dataPath?: 'host' | 'pinned' | 'device';
  /** Folder in which engines are kept (tensorrt); absent: each process builds its own. */
  engineCache?: string;
  options: Record<string, string | number | boolean>;
}
/** Intervals that the worker itself knows to be something else than loading. */
export interface WorkerPhase {
  name: 'conversion' | 'engine-build';
  startNs: string;
  endNs: string;
}
/** How the engines of a loaded model came to be. */
export interface WorkerEngine {
  /** 'pending': they are built or read in the first call; 'unknown': see `reason`. */
  state: 'built' | 'cache' | 'pending' | 'unknown';
  reason?: string;
  /** Of all that they depend on, where they are kept: runs with one key have one engine. */
  key?: string;
  /** ISO 8601, of those from the cache. */
  builtAt?: string;
}
export interface LoadAnswer {
  callPath: CallPath;
  /** What the runtime may compute in, by whatever decides it; null: does not apply, or is not known. */
  precision: { tf32: boolean | null; fp16: boolean | null };
  threads: number | null;
  cudnnAutotune: boolean | null;
  /** UUID of the GPU that the model is on ('GPU-...'), null on the CPU. */
  deviceUuid: string | null;
  /** The weights are those of the file ('exact', 'mapped' by name), or the runtime's own ('own': not comparable). */
  weights: 'exact' | 'mapped' | 'own';
  /** Whether the architecture is the one of the weights' origin; its outputs are then compared. */
  sameArchitecture: boolean;
  /** Nodes by execution provider, where the runtime tells. */
  placement?: Record<string, number>;
  /** How else it is set up, where the runtime tells: layout, modes, TF32 of each library. */
  options?: Record<string, string | number | boolean | null>;
  /** Of a runtime that builds engines. Those that were built while it loaded are an `engine-build` in `phases`. */
  engine?: WorkerEngine;
  phases: WorkerPhase[];
}

export interface PrepareRequest {
  op: 'prepare';
  /** Inputs by name, .npy files in the layout of microjoule-models. Read and converted once, outside any window. */
  inputs: Record<string, string>;
  batch: number;
}
export interface PrepareAnswer {
  /** SHA-256 of the inputs as read. */
  inputHash: string;
}

/** Runs `n` inferences back to back, or as many as fill `minSeconds`, and returns when the device is done. */
export interface InferRequest {
  op: 'infer';
  n?: number;
  minSeconds?: number;
}
export interface InferAnswer {
  n: number;
  /** Taken right before the first call, and right after the confirmed synchronisation. */
  startNs: string;
  endNs: string;
  /** What confirmed that all work was done; a result without it is refused. */
  synchronised: { confirmed: true; by: string } | { confirmed: false; reason: string };
  /** Of each inference, ms, on the worker's clock; each is synchronised by itself only if `each` is true. */
  durationsMs: number[];
  each: boolean;
}

/** Waits for all work given to the device. */
export interface SynchroniseRequest {
  op: 'synchronise';
}
export interface SynchroniseAnswer {
  startNs: string;
  endNs: string;
  synchronised: InferAnswer['synchronised'];
}

/** Outputs of one further inference of what was prepared, as float32 .npy files in `folder`, by the names of the ONNX model. */
export interface OutputsRequest {
  op: 'outputs';
  folder: string;
}
export interface OutputsAnswer {
  outputs: Record<string, string>;
}

/** Writes the loaded model as ONNX. */
export interface ExportRequest {
  op: 'export';
  path: string;
  batch: number;
  sequenceLength: number;
}
export interface ExportAnswer {
  path: string;
  opset: number;
  exporter: string;
}

/** The worker answers, lets go of everything, and exits with code 0. */
export interface CloseRequest {
  op: 'close';
}

export type WorkerRequest =
  | HelloRequest
  | LoadRequest
  | PrepareRequest
  | InferRequest
  | SynchroniseRequest
  | OutputsRequest
  | ExportRequest
  | CloseRequest;

export interface Answers {
  hello: HelloAnswer;
  load: LoadAnswer;
  prepare: PrepareAnswer;
  infer: InferAnswer;
  synchronise: SynchroniseAnswer;
  outputs: OutputsAnswer;
  export: ExportAnswer;
  close: Record<string, never>;
}

export type WorkerErrorCode =
  /** Never possible with this runtime on this machine: the cell is impossible, with this reason. */
  'impossible' | 'not-installed' | 'out-of-memory' | 'invalid-request' | 'failed';

/** `{ "id": 3, ...request }` is answered by one of these. */
export type WorkerAnswer<T> =
  | ({ id: number; ok: true } & T)
  | { id: number; ok: false; error: { code: WorkerErrorCode; message: string; trace?: string } };
