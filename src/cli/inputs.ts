import { makeInputs, normals, toHalf, uniformIntegers } from 'microjoule-models';
import {
  type InferenceSession,
  Tensor,
  type TensorLike,
  type TensorType,
  type ValueMetadata,
} from '../index.js';
import { type Arguments, assignment } from './arguments.js';
import { resolveShapes } from './dimensions.js';
import type { ModelFile } from './model.js';
import { readNpy } from './npy.js';
import { invalidArgument } from './refuse.js';

type TensorMetadata = Extract<ValueMetadata, { isTensor: true }>;
type Range = readonly [low: number, high: number];
/** What of a session inputs are made from. */
export type ModelInputs = Pick<InferenceSession, 'inputMetadata'>;

export function tensorsOf({ inputMetadata }: ModelInputs): TensorMetadata[] {
  return inputMetadata.filter((input): input is TensorMetadata => input.isTensor);
}

/** The tensors that were given as files, and the shapes of all others. */
export function inputShapes(
  from: ModelInputs,
  model: ModelFile,
  args: Arguments,
): { given: Map<string, TensorLike>; shapes: Map<string, number[]> } {
  const inputs = tensorsOf(from);
  const given = filesOf(args, inputs);
  const shapes = resolveShapes(
    inputs,
    { batch: args.count('batch'), named: new Map([...builtInDimensions(model), ...dimsOf(args)]) },
    new Set(given.keys()),
  );
  return { given, shapes };
}

/** Every input of the model: from its file, from the built-in model's own statistics, or made from the metadata. */
export function makeFeeds(
  from: ModelInputs,
  model: ModelFile,
  args: Arguments,
  seed: number,
): Record<string, TensorLike> {
  const inputs = tensorsOf(from);
  const { given, shapes } = inputShapes(from, model, args);
  const ranges = rangesOf(args, inputs);
  const realistic = model.builtIn === undefined ? {} : builtInInputs(model.builtIn, shapes, seed);
  const feeds: Record<string, TensorLike> = {};
  for (const input of inputs) {
    const dims = shapes.get(input.name);
    feeds[input.name] =
      given.get(input.name) ??
      (ranges.has(input.name) ? undefined : realistic[input.name]) ??
      made(input, dims as number[], ranges.get(input.name), seed);
  }
  return feeds;
}

function builtInDimensions({ builtIn }: ModelFile): [string, number][] {
  return builtIn === 'bert-base' ? [['sequence', 128]] : [];
}

function builtInInputs(
  name: NonNullable<ModelFile['builtIn']>,
  shapes: ReadonlyMap<string, number[]>,
  seed: number,
): Record<string, TensorLike> {
  const [batch, second] = [...shapes.values()][0] ?? [1];
  return makeInputs(name, {
    batch: batch ?? 1,
    seed,
    ...(name === 'bert-base' && second !== undefined ? { sequenceLength: second } : {}),
  });
}

function made(input: TensorMetadata, dims: number[], range: Range | undefined, seed: number): TensorLike {
  const count = dims.reduce((product, d) => product * d, 1);
  if (!Number.isSafeInteger(count) || count > 2 ** 31) {
    throw invalidArgument(
      `Input '${input.name}' would hold ${count} elements.`,
      'Give a smaller batch or dimension.',
    );
  }
  return new Tensor(input.type, values(input, count, range, seed) as Float32Array, dims);
}

function values(input: TensorMetadata, count: number, range: Range | undefined, seed: number): unknown {
  const { name, type } = input;
  if (type === 'string') return new Array<string>(count).fill('');
  if (type === 'bool') return new Uint8Array(count).fill(1);
  if (range) return integers(type, uniformIntegers(seed, name, count, range[0], range[1]));
  if (type === 'float32') return normals(seed, name, count);
  if (type === 'float64') return Float64Array.from(normals(seed, name, count));
  if (type === 'float16') return toHalf(normals(seed, name, count));
  return integers(type, new Int32Array(count));
}

const INTEGERS: Partial<Record<TensorType, (from: Int32Array) => unknown>> = {
  int8: (from) => Int8Array.from(from),
  uint8: (from) => Uint8Array.from(from),
  int16: (from) => Int16Array.from(from),
  uint16: (from) => Uint16Array.from(from),
  int32: (from) => from,
  uint32: (from) => Uint32Array.from(from),
  int64: (from) => BigInt64Array.from(from, BigInt),
  uint64: (from) => BigUint64Array.from(from, BigInt),
};

function integers(type: TensorType, from: Int32Array): unknown {
  const convert = INTEGERS[type];
  if (!convert) {
    throw invalidArgument(
      `An input of type ${type} cannot be made up.`,
      'Give it as a file: --input NAME=FILE.npy.',
    );
  }
  return convert(from);
}

function filesOf(args: Arguments, inputs: readonly TensorMetadata[]): Map<string, TensorLike> {
  return new Map(named('input', args, inputs).map(([name, file]) => [name, readNpy(file)]));
}

function rangesOf(args: Arguments, inputs: readonly TensorMetadata[]): Map<string, Range> {
  return new Map(named('range', args, inputs).map(([name, text]) => [name, range(text)]));
}

function range(text: string): Range {
  const [low, high] = text.split(':').map(Number);
  if (!Number.isSafeInteger(low) || !Number.isSafeInteger(high) || (low as number) >= (high as number)) {
    throw invalidArgument(`--range takes name=LOW:HIGH with LOW below HIGH, not '${text}'.`);
  }
  return [low as number, high as number];
}

function dimsOf(args: Arguments): Map<string, number> {
  return new Map(
    args.list('dim').map((text) => {
      const [name, value] = assignment('dim', text);
      const size = Number(value);
      if (!Number.isSafeInteger(size) || size < 1) {
        throw invalidArgument(`--dim ${name} takes a whole number from 1, not '${value}'.`);
      }
      return [name, size];
    }),
  );
}

function named(option: string, args: Arguments, inputs: readonly TensorMetadata[]): [string, string][] {
  return args.list(option).map((text) => {
    const [name, value] = assignment(option, text);
    if (!inputs.some((input) => input.name === name)) {
      const names = inputs.map((input) => input.name).join(', ');
      throw invalidArgument(`The model has no input '${name}'.`, `Its inputs are ${names}.`);
    }
    return [name, value];
  });
}
