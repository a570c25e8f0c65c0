// The model and its external data: paths and bytes, looked at before ONNX Runtime is.
import { constants, promises } from 'node:fs';
import { basename, resolve } from 'node:path';
import { invalidArgument, MicrojouleError } from './errors.js';
import type { ExternalDataFileDescription, SessionOptions } from './types/onnx.js';

export type ModelSource = { path: string } | { bytes: Uint8Array };

/** The arguments of every overload of `InferenceSession.create`. */
export function readCreateArguments(args: readonly unknown[]): {
  source: ModelSource;
  options: SessionOptions;
} {
  const [model, second, third, fourth] = args;
  if (typeof model === 'string') return { source: { path: model }, options: asOptions(second) };
  if (ArrayBuffer.isView(model)) {
    return { source: { bytes: bytesOf(model) }, options: asOptions(second) };
  }
  if (!isBuffer(model)) {
    throw invalidArgument('A model is a path, a Uint8Array or an ArrayBuffer.');
  }
  if (typeof second !== 'number')
    return { source: { bytes: new Uint8Array(model) }, options: asOptions(second) };
  const hasLength = typeof third === 'number';
  const offset = inside('byteOffset', second, model.byteLength);
  const length = hasLength
    ? inside('byteLength', third, model.byteLength - offset)
    : model.byteLength - offset;
  return {
    source: { bytes: new Uint8Array(model, offset, length) },
    options: asOptions(hasLength ? fourth : (third ?? fourth)),
  };
}

/** The bytes that a view shows: none where its buffer was transferred. */
function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return byteLength === 0 ? new Uint8Array(0) : new Uint8Array(buffer, byteOffset, byteLength);
}

function isBuffer(value: unknown): value is ArrayBufferLike {
  const tag = Object.prototype.toString.call(value);
  return tag === '[object ArrayBuffer]' || tag === '[object SharedArrayBuffer]';
}

function inside(name: string, value: number, most: number): number {
  if (!Number.isSafeInteger(value) || value < 0 || value > most) {
    throw invalidArgument(`${name} must lie within the buffer, that is from 0 to ${most}, not ${value}.`);
  }
  return value;
}

function asOptions(value: unknown): SessionOptions {
  if (value === undefined) return {};
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidArgument('Session options must be an object.');
  }
  return value as SessionOptions;
}

/** Throws where it is no readable, non-empty file or buffer. */
export async function checkSource(source: ModelSource): Promise<ModelSource> {
  if ('bytes' in source) {
    if (source.bytes.byteLength > 0) return source;
    throw new MicrojouleError(
      'invalid-model',
      'The model is empty: 0 bytes, or a buffer that was transferred.',
    );
  }
  if (source.path === '' || source.path.includes('\0'))
    throw invalidArgument('The path of the model is empty or has a NUL.');
  const path = resolve(source.path);
  const info = await readable(path, 'model');
  if (info.isDirectory()) {
    throw invalidArgument(`The model ${path} is a folder.`, 'Give the .onnx file in it.');
  }
  if (info.isFile() && info.size === 0)
    throw new MicrojouleError('invalid-model', `The model ${path} is empty.`);
  return { path };
}

async function readable(path: string, what: string): Promise<Awaited<ReturnType<typeof promises.stat>>> {
  try {
    const info = await promises.stat(path);
    await promises.access(path, constants.R_OK);
    return info;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    if (code === 'EACCES' || code === 'EPERM') {
      throw new MicrojouleError(
        'permission-denied',
        `The ${what} ${path} may not be read.`,
        `chmod +r ${path}, and +x on its folders.`,
        { cause },
      );
    }
    throw new MicrojouleError('io-failure', `There is no ${what} ${path}.`, 'Check the path.', { cause });
  }
}

/** Files that the model refers to, as bytes by the name that it uses. */
export async function readExternalData(
  files: readonly (ExternalDataFileDescription | string)[] | undefined,
): Promise<{ path: string; bytes: Uint8Array }[]> {
  if (files === undefined) return [];
  if (!Array.isArray(files)) throw invalidArgument('externalData must be an array.');
  return Promise.all(files.map(readExternalFile));
}

async function readExternalFile(
  file: ExternalDataFileDescription | string,
): Promise<{ path: string; bytes: Uint8Array }> {
  const { path, data } = typeof file === 'string' ? { path: basename(file), data: file } : file;
  if (typeof path !== 'string' || path === '')
    throw invalidArgument('An entry of externalData needs a path.');
  if (typeof data === 'string') {
    await readable(resolve(data), 'file of external data');
    return { path, bytes: await promises.readFile(data) };
  }
  if (ArrayBuffer.isView(data)) {
    return { path, bytes: bytesOf(data as ArrayBufferView) };
  }
  if (isBuffer(data)) return { path, bytes: new Uint8Array(data) };
  throw invalidArgument(`The data of externalData '${path}' must be a path or bytes.`);
}
