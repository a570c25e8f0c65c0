// Outputs of a run: which ones, where they are written, and the tensors made of them.
import { invalidArgument } from './errors.js';
import { outputIndex, type Port, pushTensor } from './feeds.js';
import type { NativeFeed, NativeOutputs } from './native.js';
import { type Tensor, trustedTensor } from './tensor.js';
import type { Fetches, TensorData, TensorLike } from './types/onnx.js';

export type Outputs = { readonly [name: string]: Tensor };

/** Which outputs a run gives, and where they are written. */
export interface FetchPlan {
  /** Indices of outputs in the order asked for; undefined: all. */
  indices: number[] | undefined;
  into: NativeFeed | undefined;
  /** Tensors given to write to, by position. */
  given: (TensorLike | undefined)[] | undefined;
}
export const ALL_OUTPUTS: FetchPlan = { indices: undefined, into: undefined, given: undefined };

export function readFetches(ports: readonly Port[], fetches: Fetches): FetchPlan {
  if (Array.isArray(fetches)) {
    if (fetches.length === 0) throw invalidArgument('Fetches must name at least one output.');
    return { ...ALL_OUTPUTS, indices: fetches.map((name) => outputIndex(ports, name)) };
  }
  const indices: number[] = [];
  const into: NativeFeed = [];
  const given: (TensorLike | undefined)[] = [];
  for (const [name, tensor] of Object.entries(fetches as Record<string, TensorLike | null>)) {
    const index = outputIndex(ports, name);
    const port = ports[index] as Port;
    // Strings live in ONNX Runtime's memory: they are copied to the tensor afterwards.
    if (tensor !== null)
      pushTensor(port.type === 'string' ? [] : into, indices.length, port, tensor, 'output');
    given.push(tensor ?? undefined);
    indices.push(index);
  }
  return { indices, into, given };
}

export function toOutputs(ports: readonly Port[], list: NativeOutputs, fetch: FetchPlan): Outputs {
  const outputs: Record<string, Tensor> = {};
  const count = list.length / 2;
  for (let i = 0; i < count; i++) {
    const port = ports[fetch.indices === undefined ? i : (fetch.indices[i] as number)] as Port;
    const data = list[2 * i] as TensorData | undefined;
    const dims = (list[2 * i + 1] as number[] | undefined) ?? port.dims;
    const given = fetch.given?.[i];
    outputs[port.name] =
      given === undefined ? trustedTensor(port.type, data as TensorData, dims) : filled(given, data, dims);
  }
  return outputs;
}

/** The tensor that was given to write to; what was not written there by the run is copied. */
function filled(tensor: TensorLike, data: TensorData | undefined, dims: readonly number[]): Tensor {
  if (Array.isArray(data)) {
    const target = tensor.data as string[];
    for (let i = 0; i < data.length; i++) target[i] = data[i] as string;
  } else if (data !== undefined) {
    if (dims.join() !== tensor.dims.join()) {
      throw invalidArgument(`An output has the shape [${dims.join(', ')}], not [${tensor.dims.join(', ')}].`);
    }
    bytesOf(tensor.data as ArrayBufferView).set(bytesOf(data as ArrayBufferView));
  }
  return tensor as Tensor;
}

function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
