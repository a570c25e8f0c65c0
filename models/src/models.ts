import { join, resolve } from 'node:path';
import { checkModelName } from './architectures.js';
import type { Precision } from './builder.js';
import { type CacheOptions, cached } from './cache.js';
import { checkRange, ModelsError } from './errors.js';
import { publishNewFolder } from './publish.js';
import {
  MODEL_FILE,
  type PlannedModel,
  type Progress,
  planModel,
  WEIGHTS_FILE,
  writeFiles,
} from './write.js';

export interface ModelOptions {
  /** Of the weights: a whole number from 0 to 2^32 - 1; 0. */
  readonly seed?: number;
  /** Of the weights and the arithmetic; inputs and outputs are float32 in either. `fp32`. */
  readonly precision?: Precision;
}

export interface WriteOptions extends ModelOptions {
  /** Folder to make, for `model.onnx`, `weights.safetensors` and `manifest.json`; must not hold anything yet. */
  readonly out: string;
  readonly onProgress?: Progress;
  readonly signal?: AbortSignal;
}

export interface WrittenModel {
  /** Path of the ONNX file. */
  readonly model: string;
  /** Path of the weights, which the ONNX file refers to and PyTorch's state dicts can be loaded from. */
  readonly weights: string;
}

/** Writes a model into a folder of its own: all of it, or nothing. */
export async function writeModel(name: string, options: WriteOptions): Promise<WrittenModel> {
  const plan = checkedPlan(name, options);
  const folder = resolve(options.out);
  await publishNewFolder(folder, (temporary) =>
    writeFiles(temporary, plan, options.onProgress, options.signal),
  );
  return { model: join(folder, MODEL_FILE), weights: join(folder, WEIGHTS_FILE) };
}

/**
 * Path of the model's ONNX file in the user's cache, its weights beside it. Written on first use; checked against the
 * recorded SHA-256 on every use, and written again when damaged. Any number of processes may ask at once.
 */
export async function cachedModel(name: string, options: ModelOptions & CacheOptions = {}): Promise<string> {
  return await cached(checkedPlan(name, options), options);
}

function checkedPlan(name: string, { seed = 0, precision = 'fp32' }: ModelOptions): PlannedModel {
  checkRange('seed', seed, 0, 0xffffffff);
  if (precision !== 'fp32' && precision !== 'fp16') {
    throw new ModelsError(
      'invalid-argument',
      `precision is ${JSON.stringify(precision)}.`,
      'Give fp32 or fp16.',
    );
  }
  return planModel({ name: checkModelName(name), seed, precision });
}
