// The session option tf32: TF32 of NVIDIA's tensor cores allowed or not, for every provider of the session.
import { truth } from './check-options.js';
import { invalidArgument, MicrojouleError } from './errors.js';
import type { NativeProvider } from './native.js';
import { type Environment, overridden } from './precision.js';
import { optionOf, withOption } from './provider-options.js';
import { PLUGINS } from './providers.js';

/** Sets what can be set. What only the environment decides is refused where it is not so already. */
export function applyTf32(
  providers: readonly NativeProvider[],
  requested: unknown,
  environment: Environment,
): NativeProvider[] {
  if (requested === undefined) return [...providers];
  const allow = truth('tf32', requested);
  if (allow && !HAVING.includes((providers[0] as NativeProvider).name)) {
    throw new MicrojouleError(
      'not-supported',
      `tf32: the provider '${providers[0]?.name}' has no TF32.`,
      "Leave out tf32, or give executionProviders: ['cuda'] or ['tensorrt'].",
    );
  }
  return providers.map((provider) => applied(provider, allow, environment));
}

const HAVING = ['cuda', 'tensorrt'];

function applied(provider: NativeProvider, allow: boolean, environment: Environment): NativeProvider {
  const { name } = provider;
  if (name === 'cpu') return provider;
  const set = overridden(environment);
  if (PLUGINS.includes(name) && !allow && set?.from === 'environment') return provider;
  if (!HAVING.includes(name)) throw notKnown(name);
  if (set?.from === 'unknown') throw changed();
  if (allow && set !== undefined) throw offByEnvironment();
  if (name === 'cuda') return withTf32(provider, allow);
  if (!allow && set === undefined) throw onlyByEnvironment();
  return provider;
}

function withTf32(provider: NativeProvider, allow: boolean): NativeProvider {
  const given = optionOf(provider, 'use_tf32');
  if (given !== undefined && given.on !== allow) {
    throw invalidArgument(`tf32: ${allow} and use_tf32: ${given.value} of the provider 'cuda' contradict.`);
  }
  return withOption(provider, 'use_tf32', allow ? '1' : '0');
}

function onlyByEnvironment(): MicrojouleError {
  return new MicrojouleError(
    'not-supported',
    "tf32: false is not an option of ONNX Runtime's TensorRT provider; TensorRT takes it from the environment when it is loaded.",
    'Start the process with NVIDIA_TF32_OVERRIDE=0, which turns TF32 off for all of it.',
  );
}

function offByEnvironment(): MicrojouleError {
  return new MicrojouleError(
    'not-supported',
    'tf32: true cannot be had: NVIDIA_TF32_OVERRIDE=0 turns TF32 off whatever a program asks for.',
    'Start the process without NVIDIA_TF32_OVERRIDE.',
  );
}

function changed(): MicrojouleError {
  return new MicrojouleError(
    'not-supported',
    "tf32: NVIDIA_TF32_OVERRIDE was changed after NVIDIA's libraries had been loaded, so what holds is not known.",
    'Set it before the process starts.',
  );
}

function notKnown(name: string): MicrojouleError {
  return new MicrojouleError(
    'not-supported',
    `tf32: the provider '${name}' has no option for it that is known here.`,
    'Leave out tf32.',
  );
}
