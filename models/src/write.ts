import { createHash, type Hash } from 'node:crypto';
import { type FileHandle, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { build, type ModelName } from './architectures.js';
import { elementCount, type ModelBuilder, type Parameter, type Precision } from './builder.js';
import { ModelsError } from './errors.js';
import { toFloat16 } from './float16.js';
import { encodeModel, externalTensor } from './onnx.js';
import { RandomStream } from './random.js';
import { type WeightsLayout, weightsLayout } from './safetensors.js';

export const MODEL_FILE = 'model.onnx';
export const WEIGHTS_FILE = 'weights.safetensors';
export const MANIFEST_FILE = 'manifest.json';

/** Raised whenever the same seed gives other bytes than before. */
export const GENERATION = 1;

export interface Recipe {
  readonly name: ModelName;
  readonly seed: number;
  readonly precision: Precision;
}

/** How far the writing has come, in bytes of weights. */
export type Progress = (written: number, total: number) => void;

export interface FileRecord {
  readonly bytes: number;
  readonly sha256: string;
}

/** What a written model consists of; stands beside it as JSON. */
export interface Manifest extends Recipe {
  readonly generation: number;
  readonly files: Readonly<Record<string, FileRecord>>;
}

/** A model before its weights are made: the graph's bytes and where each weight will stand. */
export interface PlannedModel {
  readonly recipe: Recipe;
  readonly graph: Uint8Array;
  readonly weights: WeightsLayout;
}

export function planModel(recipe: Recipe): PlannedModel {
  const builder = build(recipe.name, recipe.precision);
  const weights = weightsLayout(builder.parameters, recipe.precision);
  return { recipe, weights, graph: encodeGraph(recipe, builder, weights) };
}

function encodeGraph(recipe: Recipe, builder: ModelBuilder, weights: WeightsLayout): Uint8Array {
  const external = weights.tensors
    .filter(({ parameter }) => parameter.type === 'float')
    .map(({ parameter, offset, length }) =>
      externalTensor(parameter.name, builder.floatType, parameter.shape, {
        file: WEIGHTS_FILE,
        offset,
        length,
      }),
    );
  return encodeModel(
    {
      name: recipe.name,
      nodes: builder.nodes,
      initializers: [...external, ...builder.constants],
      inputs: builder.inputs,
      outputs: builder.outputs,
      valueInfo: builder.valueInfo,
    },
    { seed: String(recipe.seed), precision: recipe.precision, generation: String(GENERATION) },
  );
}

/** Writes the model's three files into an existing folder, holding one slice of one tensor in memory at a time. */
export async function writeFiles(
  folder: string,
  plan: PlannedModel,
  onProgress?: Progress,
  signal?: AbortSignal,
): Promise<void> {
  const weights = await writeWeights(join(folder, WEIGHTS_FILE), plan, onProgress, signal);
  const manifest: Manifest = {
    ...plan.recipe,
    generation: GENERATION,
    files: { [MODEL_FILE]: record(plan.graph), [WEIGHTS_FILE]: weights },
  };
  await writeFile(join(folder, MODEL_FILE), plan.graph);
  await writeFile(join(folder, MANIFEST_FILE), `${JSON.stringify(manifest, null, 2)}\n`);
}

function record(bytes: Uint8Array): FileRecord {
  return { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

async function writeWeights(
  path: string,
  { recipe, weights }: PlannedModel,
  onProgress?: Progress,
  signal?: AbortSignal,
): Promise<FileRecord> {
  const hash = createHash('sha256');
  const file = await open(path, 'wx');
  try {
    await append(file, hash, weights.header);
    let written = weights.header.length;
    for (const { parameter } of weights.tensors) {
      const random = new RandomStream(recipe.seed, parameter.name);
      for (const bytes of slices(parameter, recipe.precision, random)) {
        if (signal?.aborted) throw new ModelsError('aborted', `Writing ${recipe.name} was cancelled.`);
        await append(file, hash, bytes);
        written += bytes.length;
        onProgress?.(written, weights.fileSize);
      }
    }
  } finally {
    await file.close();
  }
  return { bytes: weights.fileSize, sha256: hash.digest('hex') };
}

const SLICE_ELEMENTS = 1 << 20;

function* slices(parameter: Parameter, precision: Precision, random: RandomStream): Generator<Uint8Array> {
  const [rows = 1, ...rest] = parameter.shape;
  const rowLength = elementCount(rest);
  const rowsAtOnce = Math.max(1, Math.floor(SLICE_ELEMENTS / rowLength));
  const fill = parameter.fill(random);
  const buffer = new Float32Array(Math.min(rows, rowsAtOnce) * rowLength);
  for (let row = 0; row < rows; row += rowsAtOnce) {
    const values = buffer.subarray(0, Math.min(rows - row, rowsAtOnce) * rowLength);
    fill(values, row);
    yield encode(values, parameter, precision);
  }
}

function encode(values: Float32Array, parameter: Parameter, precision: Precision): Uint8Array {
  const typed =
    parameter.type === 'int64'
      ? BigInt64Array.from(values, (v) => BigInt(v))
      : precision === 'fp16'
        ? toFloat16(values)
        : values;
  return new Uint8Array(typed.buffer, typed.byteOffset, typed.byteLength);
}

async function append(file: FileHandle, hash: Hash, bytes: Uint8Array): Promise<void> {
  hash.update(bytes);
  let done = 0;
  while (done < bytes.length) done += (await file.write(bytes, done)).bytesWritten;
}
