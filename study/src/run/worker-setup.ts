import type { HelloAnswer, LoadAnswer, LoadRequest } from '../types/protocol.js';
import type { Cell } from '../types/table.js';
import type { CellFiles, StudyFiles } from './study-files.js';

export function loadRequest(
  { subject, model, batch }: Cell,
  { weights, onnx }: CellFiles,
  sequenceLength: number,
  engineCache: string | undefined,
): LoadRequest {
  const { provider, callPath, precision = {}, threads, cudnnAutotune, dataPath, options = {} } = subject;
  return {
    op: 'load',
    model,
    weights,
    ...(onnx === undefined ? {} : { onnx }),
    batch,
    sequenceLength,
    provider,
    ...(callPath === undefined ? {} : { callPath }),
    precision,
    ...(threads === undefined ? {} : { threads }),
    ...(cudnnAutotune === undefined ? {} : { cudnnAutotune }),
    ...(dataPath === undefined ? {} : { dataPath }),
    ...(engineCache === undefined ? {} : { engineCache }),
    options,
  };
}

/** Engines are built once a cell: the build has a row of its own, and the other repetitions load it. */
export function enginesOf(cell: Cell, files: StudyFiles): string | undefined {
  const { provider, engineCache = true } = cell.subject;
  return provider === 'tensorrt' && engineCache ? files.engines(cell) : undefined;
}

/** Where the worker is not what the cell asks for. */
export function setupFault({ subject }: Cell, hello: HelloAnswer, load: LoadAnswer): string | undefined {
  const { runtime, provider, callPath, precision, threads } = subject;
  const not = (what: string, given: unknown, asked: unknown) =>
    `The worker's ${what} is ${String(given)}, not ${String(asked)} as the table asks.`;
  if (hello.runtime !== runtime) return not('runtime', hello.runtime, runtime);
  if (callPath !== undefined && load.callPath !== callPath) return not('call path', load.callPath, callPath);
  if (provider === 'cpu' && load.deviceUuid !== null)
    return not('model on a GPU', load.deviceUuid, 'on the processor');
  if (provider !== 'cpu' && load.deviceUuid === null)
    return not('model', 'on the processor', `on ${provider}`);
  for (const name of ['tf32', 'fp16'] as const) {
    const [asked, used] = [precision?.[name], load.precision[name]];
    if (asked !== undefined && used !== null && used !== asked) return not(name, used, asked);
  }
  if (threads !== undefined && load.threads !== null && load.threads !== threads) {
    return not('number of threads', load.threads, threads);
  }
  return undefined;
}
