// What each element type is made of, on both sides of the border.
import { invalidArgument } from './errors.js';
import type { Float16ArrayLike, TensorData, TensorType } from './types/onnx.js';

type DataArray = Exclude<TensorData, string[]>;
interface DataArrayConstructor {
  readonly name: string;
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): DataArray;
  new (buffer: ArrayBufferLike, byteOffset: number, length: number): DataArray;
  from(values: ArrayLike<unknown>): DataArray;
}

const ARRAYS = {
  float32: Float32Array,
  uint8: Uint8Array,
  int8: Int8Array,
  uint16: Uint16Array,
  int16: Int16Array,
  int32: Int32Array,
  int64: BigInt64Array,
  bool: Uint8Array,
  float16: Uint16Array,
  float64: Float64Array,
  uint32: Uint32Array,
  uint64: BigUint64Array,
  uint4: Uint8Array,
  int4: Int8Array,
} as unknown as Record<Exclude<TensorType, 'string'>, DataArrayConstructor>;

export function isTensorType(type: unknown): type is TensorType {
  return type === 'string' || (typeof type === 'string' && Object.hasOwn(ARRAYS, type));
}

/** The array class of a type; undefined for strings, which are plain arrays. */
export function arrayOf(type: TensorType): DataArrayConstructor | undefined {
  return type === 'string' ? undefined : ARRAYS[type];
}

/** Length of the data of so many elements. */
export function dataLength(type: TensorType, elements: number): number {
  return type === 'uint4' || type === 'int4' ? Math.ceil(elements / 2) : elements;
}

/** Product of the dimensions; throws where one is not a whole number >= 0 or the product is no safe integer. */
export function elementCount(dims: readonly number[]): number {
  let count = 1;
  for (const dim of dims) {
    if (!Number.isSafeInteger(dim) || dim < 0) {
      throw invalidArgument(`Dimensions must be whole numbers of at least 0, not [${dims.join(', ')}].`);
    }
    count *= dim;
  }
  if (!Number.isSafeInteger(count)) {
    throw invalidArgument(`A tensor of dimensions [${dims.join(', ')}] is too large.`);
  }
  return count;
}

/** The data as the addon takes it, or undefined where it is of another class. A Float16Array goes by its bits. */
export function nativeData(type: TensorType, data: unknown): TensorData | undefined {
  const expected = arrayOf(type);
  if (expected === undefined) return Array.isArray(data) ? (data as string[]) : undefined;
  if (data instanceof expected) return data as TensorData;
  return foreignData(type, expected, data);
}

/** Arrays of other classes with the same bytes; onnxruntime-common keeps int4 in a Uint8Array. */
const ALSO_TAKEN: { readonly [type in TensorType]?: readonly string[] } = {
  uint8: ['Uint8ClampedArray'],
  float16: ['Float16Array'],
  int4: ['Uint8Array'],
};

function foreignData(
  type: TensorType,
  expected: DataArrayConstructor,
  data: unknown,
): TensorData | undefined {
  if (!ArrayBuffer.isView(data)) return undefined;
  // Typed arrays of another realm (a vm context) are no instances of ours; their tag is the same.
  const tag = (data as unknown as { [Symbol.toStringTag]: string })[Symbol.toStringTag];
  if (tag !== expected.name && !ALSO_TAKEN[type]?.includes(tag)) return undefined;
  const { buffer, byteOffset, length } = data as unknown as Float16ArrayLike;
  return new expected(buffer, byteOffset, length) as TensorData;
}

const Float16Array = (globalThis as { Float16Array?: DataArrayConstructor }).Float16Array;

/** The data as tensors show it: float16 is a Float16Array where the engine has one, as in onnxruntime-common. */
export function publicData(type: TensorType, data: TensorData): TensorData {
  if (type !== 'float16' || Float16Array === undefined || data instanceof Float16Array) return data;
  const { buffer, byteOffset, length } = data as Uint16Array;
  return new Float16Array(buffer, byteOffset, length);
}
