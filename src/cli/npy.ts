import { readFileSync } from 'node:fs';
import type { TensorLike, TensorType } from '../index.js';
import { invalidArgument } from './refuse.js';

// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
const MAGIC = '\x93NUMPY';

type NumericArray = new (buffer: ArrayBuffer) => Exclude<TensorLike['data'], string[]>;

const TYPES: Record<string, { type: TensorType; array: NumericArray }> = {
  '<f4': { type: 'float32', array: Float32Array },
  '<f8': { type: 'float64', array: Float64Array },
  '<f2': { type: 'float16', array: Uint16Array },
  '<i8': { type: 'int64', array: BigInt64Array },
  '<u8': { type: 'uint64', array: BigUint64Array },
  '<i4': { type: 'int32', array: Int32Array },
  '<u4': { type: 'uint32', array: Uint32Array },
  '<i2': { type: 'int16', array: Int16Array },
  '<u2': { type: 'uint16', array: Uint16Array },
  '|i1': { type: 'int8', array: Int8Array },
  '|u1': { type: 'uint8', array: Uint8Array },
  '|b1': { type: 'bool', array: Uint8Array },
};

/** Reads a little-endian, C-ordered .npy file as a tensor. */
export function readNpy(path: string): TensorLike {
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw invalidArgument(`The input file ${path} cannot be read: ${(error as Error).message}.`);
  }
  const refuse = (why: string) => invalidArgument(`${path} is not a usable .npy file: ${why}.`);
  if (bytes.length < 12 || bytes.toString('latin1', 0, 6) !== MAGIC)
    throw refuse('it lacks the NumPy signature');
  const wide = (bytes[6] as number) >= 2;
  const headerLength = wide ? bytes.readUInt32LE(8) : bytes.readUInt16LE(8);
  const start = (wide ? 12 : 10) + headerLength;
  const header = bytes.toString('latin1', wide ? 12 : 10, start);
  const descr = /'descr':\s*'([^']+)'/.exec(header)?.[1];
  const shape = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  if (descr === undefined || shape === undefined) throw refuse('its header is damaged');
  const found = TYPES[descr];
  if (!found) throw refuse(`its element type ${descr} has no ONNX equivalent here`);
  if (/'fortran_order':\s*True/.test(header))
    throw refuse('it is in Fortran order; save it with numpy.ascontiguousarray');
  const dims = shape
    .split(',')
    .map((text) => text.trim())
    .filter((text) => text !== '')
    .map(Number);
  const size = dims.reduce((product, d) => product * d, 1) * Number(descr.slice(2));
  if (bytes.length - start !== size) {
    throw refuse(`it holds ${bytes.length - start} bytes of data where its shape needs ${size}`);
  }
  const copy = new ArrayBuffer(size);
  new Uint8Array(copy).set(bytes.subarray(start));
  return { type: found.type, dims, data: new found.array(copy) };
}
