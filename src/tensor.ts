// The Tensor of onnxruntime-common: data on the CPU, no web, canvas or image helpers.
import { invalidArgument, MicrojouleError } from './errors.js';
import { arrayOf, dataLength, elementCount, isTensorType, nativeData, publicData } from './tensor-data.js';
import type {
  Float16ArrayLike,
  GlobalType,
  TensorData,
  TensorDataTypeMap,
  TensorElementTypeMap,
  TensorLocation,
  TensorType,
} from './types/onnx.js';

interface TypedTensorBase<T extends TensorType> {
  readonly dims: readonly number[];
  readonly type: T;
  readonly data: TensorDataTypeMap[T];
  readonly location: TensorLocation;
  /** Not offered: throws 'not-supported'. */
  readonly texture: Tensor.TextureType;
  /** Not offered: throws 'not-supported'. */
  readonly gpuBuffer: Tensor.GpuBufferType;
  /** Not offered: throws 'not-supported'. */
  readonly mlTensor: Tensor.MLTensorType;
  /** Number of elements. */
  readonly size: number;
  getData(releaseData?: boolean): Promise<TensorDataTypeMap[T]>;
  dispose(): void;
  /** Not offered: throws 'not-supported'. */
  toDataURL(options?: object): string;
  /** Not offered: throws 'not-supported'. */
  toImageData(options?: object): GlobalType<'ImageData'>;
}

/** A tensor whose element type is known. */
export interface TypedTensor<T extends TensorType> extends TypedTensorBase<T> {
  /** The same data under other dimensions of the same product. */
  reshape(dims: readonly number[]): TypedTensor<T>;
}

export interface Tensor extends TypedTensorBase<TensorType> {
  reshape(dims: readonly number[]): TypedTensor<TensorType>;
}

export interface TensorConstructor {
  new (
    type: 'string',
    data: TensorDataTypeMap['string'] | readonly string[],
    dims?: readonly number[],
  ): TypedTensor<'string'>;
  new (
    type: 'bool',
    data: TensorDataTypeMap['bool'] | readonly boolean[],
    dims?: readonly number[],
  ): TypedTensor<'bool'>;
  new (type: 'uint8', data: Uint8ClampedArray, dims?: readonly number[]): TypedTensor<'uint8'>;
  new (type: 'float16', data: Float16ArrayLike, dims?: readonly number[]): TypedTensor<'float16'>;
  new <T extends 'uint64' | 'int64'>(
    type: T,
    data: TensorDataTypeMap[T] | readonly bigint[] | readonly number[],
    dims?: readonly number[],
  ): TypedTensor<T>;
  new <T extends Exclude<TensorType, 'string' | 'bool' | 'uint64' | 'int64'>>(
    type: T,
    data: TensorDataTypeMap[T] | readonly number[],
    dims?: readonly number[],
  ): TypedTensor<T>;
  new (data: Float32Array, dims?: readonly number[]): TypedTensor<'float32'>;
  new (data: Int8Array, dims?: readonly number[]): TypedTensor<'int8'>;
  new (data: Uint8Array, dims?: readonly number[]): TypedTensor<'uint8'>;
  new (data: Uint8ClampedArray, dims?: readonly number[]): TypedTensor<'uint8'>;
  new (data: Uint16Array, dims?: readonly number[]): TypedTensor<'uint16'>;
  new (data: Int16Array, dims?: readonly number[]): TypedTensor<'int16'>;
  new (data: Int32Array, dims?: readonly number[]): TypedTensor<'int32'>;
  new (data: BigInt64Array, dims?: readonly number[]): TypedTensor<'int64'>;
  new (data: readonly string[], dims?: readonly number[]): TypedTensor<'string'>;
  new (data: readonly boolean[], dims?: readonly number[]): TypedTensor<'bool'>;
  new (data: Float64Array, dims?: readonly number[]): TypedTensor<'float64'>;
  new (data: Uint32Array, dims?: readonly number[]): TypedTensor<'uint32'>;
  new (data: BigUint64Array, dims?: readonly number[]): TypedTensor<'uint64'>;
  new (data: Float16ArrayLike, dims?: readonly number[]): TypedTensor<'float16'>;
  new (
    type: TensorType,
    data: TensorData | readonly number[] | readonly string[] | readonly bigint[] | readonly boolean[],
    dims?: readonly number[],
  ): Tensor;
  new (data: TensorData, dims?: readonly number[]): Tensor;
  /** Not offered: rejects with 'not-supported'. */
  fromImage(...args: unknown[]): Promise<never>;
  /** Not offered: throws 'not-supported'. */
  fromTexture(...args: unknown[]): never;
  /** Not offered: throws 'not-supported'. */
  fromGpuBuffer(...args: unknown[]): never;
  /** Not offered: throws 'not-supported'. */
  fromMLTensor(...args: unknown[]): never;
  fromPinnedBuffer<T extends Exclude<TensorType, 'string'>>(
    type: T,
    buffer: TensorDataTypeMap[T],
    dims?: readonly number[],
  ): TypedTensor<T>;
}

const TYPE_OF_ARRAY: Record<string, TensorType> = {
  Float32Array: 'float32',
  Uint8Array: 'uint8',
  Uint8ClampedArray: 'uint8',
  Int8Array: 'int8',
  Uint16Array: 'uint16',
  Int16Array: 'int16',
  Int32Array: 'int32',
  BigInt64Array: 'int64',
  Float16Array: 'float16',
  Float64Array: 'float64',
  Uint32Array: 'uint32',
  BigUint64Array: 'uint64',
};

function inferType(data: unknown): TensorType {
  if (ArrayBuffer.isView(data)) {
    const type = TYPE_OF_ARRAY[(data as unknown as { [Symbol.toStringTag]: string })[Symbol.toStringTag]];
    if (type !== undefined) return type;
  } else if (Array.isArray(data) && data.length > 0) {
    if (typeof data[0] === 'string') return 'string';
    if (typeof data[0] === 'boolean') return 'bool';
  }
  throw invalidArgument(
    'The type of a tensor cannot be told from its data.',
    "Give it: new Tensor('float32', data, dims).",
  );
}

/** The data as the tensor keeps it: numbers and booleans become the type's array, arrays are kept as they are. */
function toData(type: TensorType, data: unknown): TensorData {
  const kept = nativeData(type, data);
  if (kept !== undefined && type !== 'string') return publicData(type, kept);
  if (!Array.isArray(data)) {
    throw invalidArgument(`Data of a ${type} tensor cannot be ${describe(data)}.`);
  }
  const array = arrayOf(type);
  if (array === undefined) {
    for (const item of data) {
      if (typeof item !== 'string') throw invalidArgument('Data of a string tensor must be strings.');
    }
    return data as string[];
  }
  if (type === 'float16' || type === 'int4' || type === 'uint4') {
    throw invalidArgument(
      `Numbers are not converted to ${type}.`,
      `Give a ${array.name} of ${type === 'float16' ? 'bit patterns' : 'two elements a byte'}.`,
    );
  }
  try {
    return (
      type === 'int64' || type === 'uint64' ? array.from(data.map(BigInt)) : array.from(data)
    ) as TensorData;
  } catch (cause) {
    throw new MicrojouleError(
      'invalid-argument',
      `Data of a ${type} tensor cannot be made from the values given: ${(cause as Error).message}.`,
      undefined,
      { cause },
    );
  }
}

function describe(value: unknown): string {
  return value === null || typeof value !== 'object'
    ? String(value)
    : `of class ${value.constructor?.name ?? 'Object'}`;
}

function notOffered(what: string): MicrojouleError {
  return new MicrojouleError('not-supported', `${what} is not offered: tensors live in CPU memory.`);
}

/** Marks a call from inside, whose arguments are right already. */
const TRUSTED = {};

class CpuTensor implements TypedTensor<TensorType> {
  readonly type: TensorType;
  readonly dims: readonly number[];
  readonly size: number;
  // An own property, so that postMessage carries it; disposing puts a getter that throws in its place.
  readonly data: TensorData;

  constructor(typeOrData: unknown, data?: unknown, dims?: unknown, trusted?: unknown) {
    if (trusted === TRUSTED) {
      this.type = typeOrData as TensorType;
      this.dims = dims as readonly number[];
      this.data = publicData(this.type, data as TensorData);
      let size = 1;
      for (let i = 0; i < this.dims.length; i++) size *= this.dims[i] as number;
      this.size = size;
      return;
    }
    const named = typeof typeOrData === 'string';
    const given = named ? data : typeOrData;
    const shape = named ? dims : data;
    if (named && !isTensorType(typeOrData)) {
      throw invalidArgument(`There is no tensor type '${typeOrData}'.`);
    }
    if (shape !== undefined && !Array.isArray(shape))
      throw invalidArgument('Dimensions must be an array of numbers.');
    this.type = named ? (typeOrData as TensorType) : inferType(given);
    this.data = toData(this.type, given);
    this.dims = (shape as number[] | undefined) ?? [this.data.length];
    this.size = elementCount(this.dims);
    if (dataLength(this.type, this.size) !== this.data.length) {
      throw invalidArgument(
        `A ${this.type} tensor of dimensions [${this.dims.join(', ')}] has ${this.size} elements, not ${this.data.length}.`,
      );
    }
  }

  get location(): TensorLocation {
    return Object.getOwnPropertyDescriptor(this, 'data')?.get ? 'none' : 'cpu';
  }

  get texture(): never {
    throw notOffered('A tensor as a texture');
  }

  get gpuBuffer(): never {
    throw notOffered('A tensor as a GPU buffer');
  }

  get mlTensor(): never {
    throw notOffered('A tensor as an MLTensor');
  }

  async getData(releaseData?: boolean): Promise<TensorData> {
    const data = this.data;
    if (releaseData === true) this.dispose();
    return data;
  }

  dispose(): void {
    const get = (): never => {
      throw invalidArgument('The tensor has been disposed.');
    };
    Object.defineProperty(this, 'data', { get, enumerable: false });
  }

  reshape(dims: readonly number[]): TypedTensor<TensorType> {
    return new CpuTensor(this.type, this.data, [...dims]);
  }

  toDataURL(): never {
    throw notOffered('A tensor as a data URL');
  }

  toImageData(): never {
    throw notOffered('A tensor as an image');
  }

  static async fromImage(): Promise<never> {
    throw notOffered('A tensor from an image');
  }

  static fromTexture(): never {
    throw notOffered('A tensor from a texture');
  }

  static fromGpuBuffer(): never {
    throw notOffered('A tensor from a GPU buffer');
  }

  static fromMLTensor(): never {
    throw notOffered('A tensor from an MLTensor');
  }

  static fromPinnedBuffer(type: TensorType, buffer: TensorData, dims?: readonly number[]): CpuTensor {
    return new CpuTensor(type, buffer, dims);
  }
}
Object.defineProperty(CpuTensor, 'name', { value: 'Tensor' });

export const Tensor = CpuTensor as unknown as TensorConstructor;

/** Types under the names that they have in onnxruntime-common. */
export declare namespace Tensor {
  type Type = TensorType;
  type DataTypeMap = TensorDataTypeMap;
  type ElementTypeMap = TensorElementTypeMap;
  type DataType = TensorData;
  type ElementType = TensorElementTypeMap[TensorType];
  type DataLocation = TensorLocation;
  type TextureType = GlobalType<'WebGLTexture'>;
  type GpuBufferType = GlobalType<'GPUBuffer', { size: number; mapState: 'unmapped' | 'pending' | 'mapped' }>;
  type MLTensorType = GlobalType<'MLTensor', { destroy(): void }>;
}

/** @internal A tensor of data that is known to be right: the way of outputs, without checks. */
export function trustedTensor(type: TensorType, data: TensorData, dims: readonly number[]): Tensor {
  return new CpuTensor(type, data, dims, TRUSTED);
}
