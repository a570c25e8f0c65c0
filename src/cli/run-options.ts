// The flags that say how a session runs: where its tensors lie, as a graph or not, in which precision, on which nodes.
import { InferenceSession, type MeasureOptions, type SessionOptions } from '../index.js';
import { type Arguments, assignment } from './arguments.js';
import { inputShapes, type ModelInputs, tensorsOf } from './inputs.js';
import type { ModelFile } from './model.js';
import { invalidArgument } from './refuse.js';

export const RUN_OPTIONS = {
  gpu: { type: 'string' },
  'data-path': { type: 'string' },
  graph: { type: 'boolean' },
  strict: { type: 'boolean' },
  tf32: { type: 'string' },
  placement: { type: 'string' },
} as const;

const ON_GPU: readonly string[] = ['cuda', 'tensorrt', 'nv-tensorrt-rtx'];

/** Options of this provider: those that were given for --ep, of which another one takes over only the GPU. */
export function providerOptions(args: Arguments, provider: string): Record<string, unknown> {
  const given = Object.fromEntries(
    args.list('provider-option').map((text) => assignment('provider-option', text)),
  );
  if (!ON_GPU.includes(provider)) return provider === askedProvider(args) ? given : {};
  const gpu = args.count('gpu');
  const device = gpu === undefined ? {} : { deviceId: gpu };
  if (provider === askedProvider(args)) return { ...given, ...device };
  return given.device_id === undefined ? device : { device_id: given.device_id, ...device };
}

export const askedProvider = (args: Arguments): string => args.text('ep') ?? 'cpu';

/** Refuses, before anything is loaded, what cannot be had on this provider. */
export function checkRunOptions(args: Arguments, provider: string): void {
  const path = dataPath(args);
  const graph = args.flag('graph');
  const onDevice = provider === 'cuda' || provider === 'tensorrt';
  if (args.count('gpu') !== undefined && !ON_GPU.includes(askedProvider(args))) {
    throw invalidArgument(`--gpu says which GPU, and ${askedProvider(args)} uses none.`, 'Add --ep cuda.');
  }
  if (graph && !onDevice) {
    throw invalidArgument(
      `--graph needs a provider that captures graphs, which ${provider} does not.`,
      'Add --ep cuda or --ep tensorrt.',
    );
  }
  if (path !== undefined && path !== 'host' && !onDevice) {
    throw invalidArgument(
      `--data-path ${path} is not offered with ${provider}.`,
      'Add --ep cuda or --ep tensorrt, or leave out --data-path.',
    );
  }
  if (graph && path !== undefined && path !== 'device') {
    throw invalidArgument(
      `--graph reads and writes the device's memory, so --data-path ${path} cannot be had with it.`,
      'Leave out one of the two.',
    );
  }
  if (graph && args.text('placement') !== undefined) {
    throw invalidArgument('--placement profile cannot look into a graph.', 'Leave out --graph.');
  }
  if (sessionChoices(args).tf32 === true && provider === 'cpu') {
    throw invalidArgument('--tf32 on needs a GPU: the processor has no TF32.', 'Add --ep cuda.');
  }
}

export function measureChoices(args: Arguments): Pick<MeasureOptions, 'dataPath'> {
  const path = dataPath(args);
  return path === undefined ? {} : { dataPath: path };
}

export function sessionChoices(args: Arguments): SessionOptions {
  const tf32 = oneOf(args, 'tf32', ['on', 'off']);
  const placement = oneOf(args, 'placement', ['profile']);
  return {
    ...(args.flag('graph') ? { enableGraphCapture: true } : {}),
    ...(args.flag('strict') ? { strict: true } : {}),
    ...(tf32 === undefined ? {} : { tf32: tf32 === 'on' }),
    ...(placement === undefined ? {} : { placement }),
  };
}

/** The inputs with their free dimensions, and what these are to be fixed at. */
export interface FixedInputs extends ModelInputs {
  freeDimensionOverrides: Record<string, number>;
}

/** Graphs and trial runs are of one shape, which is fixed when the session is made; undefined without either. */
export async function fixDimensions(args: Arguments, model: ModelFile): Promise<FixedInputs | undefined> {
  if (!args.flag('graph') && args.text('placement') === undefined) return undefined;
  const onnxruntime = args.text('onnxruntime');
  const session = await InferenceSession.create(model.path, {
    graphOptimizationLevel: 'disabled',
    ...(onnxruntime === undefined ? {} : { onnxruntime }),
  });
  const { inputMetadata } = session;
  await session.release();
  const { given, shapes } = inputShapes({ inputMetadata }, model, args);
  const freeDimensionOverrides: Record<string, number> = {};
  for (const { name, shape } of tensorsOf({ inputMetadata })) {
    const dims = given.get(name)?.dims ?? (shapes.get(name) as number[]);
    for (const [i, dim] of shape.entries()) {
      if (typeof dim === 'string' && dim !== '') freeDimensionOverrides[dim] = dims[i] as number;
    }
  }
  return { inputMetadata, freeDimensionOverrides };
}

/** 'a, b or c' */
function listed(choices: readonly string[]): string {
  const [last, ...before] = [...choices].reverse();
  return before.length === 0 ? `${last}` : `${before.reverse().join(', ')} or ${last}`;
}

function dataPath(args: Arguments): MeasureOptions['dataPath'] {
  return oneOf(args, 'data-path', ['host', 'pinned', 'device']);
}

function oneOf<T extends string>(args: Arguments, name: string, choices: readonly T[]): T | undefined {
  const given = args.text(name);
  if (given === undefined) return undefined;
  const found = choices.find((choice) => choice === given);
  if (found === undefined) throw invalidArgument(`--${name} takes ${listed(choices)}, not '${given}'.`);
  return found;
}
