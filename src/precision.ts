// What is known of the precision that each provider may compute in. docs/inference.md has the sources.
import type { NativeProvider, NativeRuntime } from './native.js';
import { optionOf } from './provider-options.js';
import type { Precision, PrecisionSetting } from './types/precision.js';

export type Environment = Pick<NativeRuntime, 'tf32Override' | 'tf32OverrideChanged'>;

/** Session configuration of ONNX Runtime, as keys and values. */
export interface SessionConfig {
  keys: readonly string[];
  values: readonly string[];
}

/** Of each provider in use, by our names. */
export function precisionOf(
  providers: readonly NativeProvider[],
  config: SessionConfig,
  environment: Environment,
): Record<string, Precision> {
  return Object.fromEntries(
    providers.map((provider) => [
      provider.name,
      (OF_PROVIDER[provider.name] ?? unknown)(provider, config, environment),
    ]),
  );
}

type OfProvider = (provider: NativeProvider, config: SessionConfig, environment: Environment) => Precision;

const OF_PROVIDER: Record<string, OfProvider> = {
  cpu: (_, config) => ({ ...MODELS_OWN, bf16: cpuBf16(config) }),
  cuda: (provider, _, environment) => ({
    ...MODELS_OWN,
    tf32: overridden(environment) ?? fromOption(provider, 'use_tf32', true),
  }),
  tensorrt: (provider, _, environment) => ({
    tf32: tensorRtTf32(provider, environment),
    fp16: fromOption(provider, 'trt_fp16_enable', false),
    bf16: fromOption(provider, 'trt_bf16_enable', false),
    int8: fromOption(provider, 'trt_int8_enable', false),
  }),
  // It has no option for any of them, and what its builder does by default is not documented.
  'nv-tensorrt-rtx': (provider, config, environment) => ({
    ...unknown(provider, config, environment),
    ...(overridden(environment) === undefined ? {} : { tf32: overridden(environment) as PrecisionSetting }),
  }),
};

function unknown({ name }: NativeProvider, _: SessionConfig, __: Environment): Precision {
  const one: PrecisionSetting = {
    allowed: null,
    from: 'unknown',
    detail: `what '${name}' does is not known here`,
  };
  return { tf32: one, fp16: one, bf16: one, int8: one };
}

const NO_SETTING: PrecisionSetting = { allowed: false, from: 'not-applicable' };
const MODELS_OWN: Precision = { tf32: NO_SETTING, fp16: NO_SETTING, bf16: NO_SETTING, int8: NO_SETTING };

/** Products of float32 matrices in bfloat16, which only Arm's processors have. */
const FAST_MATH = 'mlas.enable_gemm_fastmath_arm64_bfloat16';

function cpuBf16({ keys, values }: SessionConfig): PrecisionSetting {
  if (process.arch !== 'arm64') return NO_SETTING;
  const at = keys.lastIndexOf(FAST_MATH);
  if (at < 0) return { allowed: false, from: 'default' };
  return { allowed: values[at] === '1', from: 'option', detail: `${FAST_MATH}=${values[at]}` };
}

function fromOption(provider: NativeProvider, key: string, byDefault: boolean): PrecisionSetting {
  const given = optionOf(provider, key);
  if (given === undefined) return { allowed: byDefault, from: 'default', detail: key };
  return { allowed: given.on, from: 'option', detail: `${key}=${given.value}` };
}

/** The builder's flag is on, ONNX Runtime has no option that turns it off, and an engine keeps what it was built with. */
function tensorRtTf32(provider: NativeProvider, environment: Environment): PrecisionSetting {
  const set = overridden(environment);
  if (set !== undefined) return set;
  const kept = ['trt_engine_cache_enable', 'trt_dump_ep_context_model'].find(
    (key) => optionOf(provider, key)?.on,
  );
  if (kept !== undefined) {
    const detail = `an engine that was kept (${kept}) may have been built with NVIDIA_TF32_OVERRIDE=0`;
    return { allowed: null, from: 'unknown', detail };
  }
  return { allowed: true, from: 'default', detail: "TensorRT's builder" };
}

/** Only 0 has a meaning. Undefined: the environment leaves it to the program. */
export function overridden({ tf32Override, tf32OverrideChanged }: Environment): PrecisionSetting | undefined {
  if (tf32OverrideChanged) {
    const detail = "NVIDIA_TF32_OVERRIDE was changed after NVIDIA's libraries had been loaded";
    return { allowed: null, from: 'unknown', detail };
  }
  if (tf32Override !== '0') return undefined;
  return { allowed: false, from: 'environment', detail: 'NVIDIA_TF32_OVERRIDE=0' };
}
