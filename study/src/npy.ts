import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { InputTensor } from 'microjoule-models';
import { ioFailure } from './refuse.js';

// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
const MAGIC = '\x93NUMPY';
const PREFIX_BYTES = 10;

/** SHA-256 of the files of a worker's inputs, in the order of their names. */
export function inputHashOf(inputs: Record<string, string>): string {
  const hash = createHash('sha256');
  for (const name of Object.keys(inputs).sort()) hash.update(readFileSync(inputs[name] as string));
  return hash.digest('hex');
}

/** Reads the .npy files that the study itself and its workers write: little-endian float32 and int64, C order. */
export function readNpy(path: string): InputTensor {
  const refuse = (why: string) => ioFailure(`${path} is not a usable .npy file: ${why}.`);
  let bytes: Buffer;
  try {
    bytes = readFileSync(path);
  } catch (error) {
    throw refuse((error as Error).message);
  }
  if (bytes.toString('latin1', 0, 6) !== MAGIC || bytes[6] !== 1) throw refuse('it is not of version 1');
  const start = PREFIX_BYTES + bytes.readUInt16LE(8);
  const header = bytes.toString('latin1', PREFIX_BYTES, start);
  const descr = /'descr':\s*'([^']+)'/.exec(header)?.[1];
  const shape = /'shape':\s*\(([^)]*)\)/.exec(header)?.[1];
  if (shape === undefined || !/'fortran_order':\s*False/.test(header))
    throw refuse('its header cannot be read');
  const dims = (shape.match(/\d+/g) ?? []).map(Number);
  const elements = dims.reduce((product, d) => product * d, 1);
  const size = descr === '<f4' ? 4 : descr === '<i8' ? 8 : undefined;
  if (size === undefined) throw refuse(`its elements are ${descr ?? 'unknown'}, not <f4 or <i8`);
  if (bytes.length - start !== size * elements) throw refuse('its data has another size than its shape');
  const copy = new ArrayBuffer(size * elements);
  new Uint8Array(copy).set(bytes.subarray(start));
  return size === 4
    ? { type: 'float32', dims, data: new Float32Array(copy) }
    : { type: 'int64', dims, data: new BigInt64Array(copy) };
}
