// What a model is made of, hashed: its bytes and those of the files that it refers to.
import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { ModelSource } from '../model-source.js';
import type { EngineKeyParts } from '../types/engine.js';
import { bytesSource, externalLocations, fileSource } from './external-data.js';

const SLICE = 1 << 22;
const ABSENT = 'absent';

/** `given`: external data as bytes, by the name that the model uses. */
export async function describeModel(
  source: ModelSource,
  given: readonly { path: string; bytes: Uint8Array }[],
): Promise<EngineKeyParts['model']> {
  const externalData: Record<string, string> = {};
  for (const { path, bytes } of given) externalData[path] = await hashBytes(bytes);
  if ('bytes' in source) {
    // A model from bytes finds files from the working directory.
    for (const name of await externalLocations(bytesSource(source.bytes))) {
      externalData[name] ??= await hashFile(name);
    }
    const sha256 = await hashBytes(source.bytes);
    return { name: '', sha256, bytes: source.bytes.byteLength, externalData };
  }
  const file = await open(source.path);
  try {
    const { size } = await file.stat();
    for (const name of await externalLocations(fileSource(file, size))) {
      externalData[name] ??= await hashFile(join(dirname(source.path), name));
    }
    return { name: basename(source.path), sha256: await hashFile(source.path), bytes: size, externalData };
  } finally {
    await file.close();
  }
}

/** SHA-256 in hexadecimal; 'absent' where there is no such file, or it may not be read. */
export async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: SLICE })) hash.update(chunk as Buffer);
  } catch {
    return ABSENT;
  }
  return hash.digest('hex');
}

// In slices, so that other work has its turn.
async function hashBytes(bytes: Uint8Array): Promise<string> {
  const hash: Hash = createHash('sha256');
  for (let at = 0; at < bytes.byteLength; at += SLICE) {
    hash.update(bytes.subarray(at, at + SLICE));
    await setImmediate();
  }
  return hash.digest('hex');
}
