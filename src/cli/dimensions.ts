import type { ValueMetadata } from '../index.js';
import { invalidArgument } from './refuse.js';

type TensorMetadata = Extract<ValueMetadata, { isTensor: true }>;

export interface DimensionFlags {
  batch: number | undefined;
  /** --dim name=value */
  named: ReadonlyMap<string, number>;
}

/**
 * The concrete shape of every input. --batch sets a free first dimension, --dim any free one by its name;
 * one left free is an error that lists the flags needed.
 */
export function resolveShapes(
  inputs: readonly TensorMetadata[],
  flags: DimensionFlags,
  given: ReadonlySet<string>,
): Map<string, number[]> {
  const known = new Set(inputs.flatMap((input) => input.shape.filter((d) => typeof d === 'string')));
  for (const name of flags.named.keys()) {
    if (!known.has(name)) {
      throw invalidArgument(`The model has no free dimension '${name}'.`, freeOnes(known));
    }
  }
  const missing = new Set<string>();
  const shapes = new Map<string, number[]>();
  for (const input of inputs) {
    if (given.has(input.name)) continue;
    shapes.set(
      input.name,
      input.shape.map((dim, i) => {
        const value = resolve(dim, i, flags);
        if (value === undefined) missing.add(String(dim));
        return value ?? 0;
      }),
    );
  }
  if (missing.size > 0) {
    const list = [...missing].map((name) => `--dim ${name || '<unnamed>'}=N`).join(' ');
    throw invalidArgument(`The model leaves ${missing.size} of its input dimensions free.`, `Add ${list}.`);
  }
  checkBatch(inputs, flags, shapes);
  return shapes;
}

function resolve(dim: number | string, index: number, flags: DimensionFlags): number | undefined {
  if (typeof dim === 'number' && dim >= 0) return dim;
  const named = flags.named.get(String(dim));
  if (named !== undefined) return named;
  return index === 0 ? (flags.batch ?? 1) : undefined;
}

function checkBatch(
  inputs: readonly TensorMetadata[],
  flags: DimensionFlags,
  shapes: ReadonlyMap<string, number[]>,
): void {
  if (flags.batch === undefined || shapes.size === 0) return;
  if ([...shapes.values()].some((dims) => dims[0] === flags.batch)) return;
  const fixed = inputs.find((input) => shapes.has(input.name));
  throw invalidArgument(
    `--batch ${flags.batch} cannot be honoured: the model fixes its first dimension at ${fixed?.shape[0]}.`,
    'Export the model with a dynamic first dimension, or leave --batch out.',
  );
}

function freeOnes(known: ReadonlySet<string | number>): string {
  return known.size > 0
    ? `Its free dimensions are ${[...known].join(', ')}.`
    : 'All its dimensions are fixed.';
}
