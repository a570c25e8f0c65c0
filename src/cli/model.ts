import { existsSync } from 'node:fs';
import { cachedModel, listModels, type ModelName } from 'microjoule-models';
import { statusLine } from './progress.js';
import { invalidArgument } from './refuse.js';

export interface ModelFile {
  /** As the user named it. */
  label: string;
  path: string;
  /** Set for one of the built-in models. */
  builtIn: ModelName | undefined;
}

/** An .onnx file, or a built-in model, which is written to the user's cache on first use. */
export async function openModel(name: string, seed: number): Promise<ModelFile> {
  const builtIn = listModels().find((model) => model.name === name)?.name;
  if (builtIn !== undefined) {
    const { show, clear } = statusLine();
    const path = await cachedModel(builtIn, {
      seed,
      onProgress: (written, total) => show(`${name}: writing ${Math.floor((100 * written) / total)} %`),
      onNotice: (message) => process.stderr.write(`${message}\n`),
    });
    clear();
    return { label: name, path, builtIn };
  }
  if (!existsSync(name)) {
    const names = listModels().map((model) => model.name);
    throw invalidArgument(
      `There is no model file '${name}', nor a built-in model of that name.`,
      `Give the path of an .onnx file, or one of ${names.join(', ')}.`,
    );
  }
  return { label: name, path: name, builtIn: undefined };
}
