import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { checkModelName } from './architectures.js';
import { MAX_POSITIONS } from './bert.js';
import { checkRange } from './errors.js';
import { IMAGE_SIZE } from './image-input.js';
import { makeImages } from './images.js';
import { encodeNpy, type InputTensor } from './npy.js';
import { publishNewFolder } from './publish.js';
import { makeSequences } from './tokens.js';

export interface InputOptions {
  /** Images or sequences; 1. */
  readonly batch?: number;
  /** Tokens of each sequence, padding included, from 8 to 512; 128. Images have none. */
  readonly sequenceLength?: number;
  /** A whole number from 0 to 2^32 - 1; 0. Item i is the same in a batch of any size. */
  readonly seed?: number;
}

/** Inputs with the statistics of real ones, by the names of the model's graph inputs. */
export function makeInputs(name: string, options: InputOptions = {}): Record<string, InputTensor> {
  const { batch = 1, seed = 0, sequenceLength = 128 } = options;
  const model = checkModelName(name);
  checkRange('batch', batch, 1, 65536);
  checkRange('seed', seed, 0, 0xffffffff);
  checkRange('sequenceLength', sequenceLength, 8, MAX_POSITIONS);
  if (model === 'bert-base') return makeSequences(batch, sequenceLength, seed);
  return {
    input: { type: 'float32', data: makeImages(batch, seed), dims: [batch, 3, IMAGE_SIZE, IMAGE_SIZE] },
  };
}

/** Writes {@link makeInputs} into a new folder, as `<input>.npy`; returns the files' paths. */
export async function writeInputs(
  name: string,
  options: InputOptions & { readonly out: string },
): Promise<string[]> {
  const inputs = Object.entries(makeInputs(name, options));
  const folder = resolve(options.out);
  await publishNewFolder(folder, async (temporary) => {
    for (const [input, tensor] of inputs) await writeFile(join(temporary, `${input}.npy`), encodeNpy(tensor));
  });
  return inputs.map(([input]) => join(folder, `${input}.npy`));
}
