// CUDA graphs: the option of each provider that captures them, and what a session must be like.
import { MicrojouleError } from './errors.js';
import { type Port, shapeOf } from './feeds.js';
import type { NativeProvider } from './native.js';
import { optionOf, withOption } from './provider-options.js';

/** The providers that capture, with their option. */
const OPTION: Record<string, string> = {
  cuda: 'enable_cuda_graph',
  tensorrt: 'trt_cuda_graph_enable',
};

/**
 * ONNX Runtime captures in the run that follows these: CUDA needs two before it and TensorRT one, for the memory that
 * they allocate; a captured graph is replayed from then on. Recent releases do all of that within the first call.
 */
export const CAPTURING_RUNS = 4;

export interface GraphPlan {
  providers: NativeProvider[];
  /** Whether the session captures, by `enableGraphCapture` or by the provider's own option. */
  graph: boolean;
}

/** Sets the provider's option where capture is asked for. */
export function planGraph(providers: readonly NativeProvider[], requested: boolean): GraphPlan {
  const [first, ...others] = providers as [NativeProvider, ...NativeProvider[]];
  if (!requested) return { providers: [first, ...others], graph: capturing(first) };
  const option = OPTION[first.name];
  if (option === undefined) {
    throw new MicrojouleError(
      'not-supported',
      `enableGraphCapture needs the provider 'cuda' or 'tensorrt' in the first place, which is '${first.name}'.`,
      "Give executionProviders: ['cuda'] or ['tensorrt'], or leave out enableGraphCapture.",
    );
  }
  return { providers: [withOption(first, option, '1'), ...others], graph: true };
}

function capturing(provider: NativeProvider): boolean {
  return optionOf(provider, OPTION[provider.name] ?? '')?.on === true;
}

/** The same providers without capture. */
export function withoutGraph(providers: readonly NativeProvider[]): NativeProvider[] {
  return providers.map((provider) => {
    const option = OPTION[provider.name];
    return option === undefined ? provider : withOption(provider, option, '0');
  });
}

/** Why a session whose nodes are these cannot capture, or undefined. */
export function refuseFreeDimensions(inputs: readonly Port[]): void {
  const free = inputs.filter((port) => !port.fixed);
  if (free.length === 0) return;
  const shapes = free.map((port) => `${port.name} [${shapeOf(port).join(', ')}]`).join('; ');
  const names = new Set(free.flatMap((port) => shapeOf(port).filter((dim) => typeof dim === 'string')));
  throw new MicrojouleError(
    'not-supported',
    `A graph is captured for one shape, and these inputs have free dimensions: ${shapes}.`,
    `Fix them: freeDimensionOverrides: { ${[...names].map((name) => `'${name}': …`).join(', ')} }.`,
  );
}

/** Whether ONNX Runtime refused a session because it cannot be captured. */
export function refusesCapture(error: unknown): boolean {
  return error instanceof MicrojouleError && error.message.includes('graph capture feature');
}

export function captureRefused(provider: string, nodes: string | undefined, cause: unknown): MicrojouleError {
  const why = nodes === undefined ? 'not all nodes of the model run on it' : nodes;
  return new MicrojouleError(
    'not-supported',
    `The model cannot be captured in a graph of the provider '${provider}': ${why}.`,
    'Export the model without shape computations and control flow, fix its dimensions, or leave out enableGraphCapture.',
    { cause },
  );
}
