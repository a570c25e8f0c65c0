// Execution providers: names, options, and whether this build of ONNX Runtime has them.
import { checkKeys, configValue, truth, wholeNumber } from './check-options.js';
import { invalidArgument, MicrojouleError } from './errors.js';
import type { NativeProvider } from './native.js';
import type { ExecutionProviderConfig } from './types/onnx.js';

/** Our name, the one of GetAvailableProviders, and the one that appending takes. */
const PROVIDERS: Record<string, { listed: string; appended: string }> = {
  cpu: { listed: 'CPUExecutionProvider', appended: 'cpu' },
  cuda: { listed: 'CUDAExecutionProvider', appended: 'cuda' },
  tensorrt: { listed: 'TensorrtExecutionProvider', appended: 'tensorrt' },
  webgpu: { listed: 'WebGpuExecutionProvider', appended: 'WebGPU' },
  xnnpack: { listed: 'XnnpackExecutionProvider', appended: 'XNNPACK' },
  qnn: { listed: 'QNNExecutionProvider', appended: 'QNN' },
  openvino: { listed: 'OpenVINOExecutionProvider', appended: 'OpenVINO' },
  coreml: { listed: 'CoreMLExecutionProvider', appended: 'CoreML' },
  'nv-tensorrt-rtx': { listed: 'NvTensorRTRTXExecutionProvider', appended: 'nv-tensorrt-rtx' },
  dml: { listed: 'DmlExecutionProvider', appended: 'DML' },
};

/** Providers of this build by our names. */
export function availableProviders(listed: readonly string[]): string[] {
  return Object.keys(PROVIDERS).filter((name) =>
    listed.includes((PROVIDERS[name] as { listed: string }).listed),
  );
}

/** Our name of a provider as ONNX Runtime's list names it; its own where we have none. */
export function providerName(listed: string): string {
  return Object.keys(PROVIDERS).find((name) => PROVIDERS[name]?.listed === listed) ?? listed;
}

/** In libraries of their own, which are registered: no build of ONNX Runtime lists them. */
export const PLUGINS: readonly string[] = ['nv-tensorrt-rtx'];

/** Whether a session whose providers these are has memory of its device that tensors can be bound in. */
export function bindsOnDevice([first]: readonly string[]): boolean {
  return first === 'cuda' || first === 'tensorrt';
}

/** Those whose libraries we find and open. */
const NEEDING_LIBRARIES = ['cuda', 'tensorrt', ...PLUGINS];

export interface ProviderPlan {
  providers: NativeProvider[];
  /** False where `{ name: 'cpu', useArena: false }` was asked for. */
  cpuArena: boolean;
  skipped: { name: string; reason: string; code: string }[];
}

/**
 * What goes to the addon. A provider that this build lacks is an error, or, with `fallback`, passed over. `folders`:
 * where the libraries of the GPU's providers are looked for.
 */
export function planProviders(
  configs: readonly ExecutionProviderConfig[] | undefined,
  listed: readonly string[],
  fallback: boolean,
  folders: () => readonly string[],
): ProviderPlan {
  const plan: ProviderPlan = { providers: [], cpuArena: true, skipped: [] };
  if (configs !== undefined && !Array.isArray(configs))
    throw invalidArgument('executionProviders must be an array.');
  const wanted = configs === undefined || configs.length === 0 ? ['cpu'] : configs;
  for (const config of wanted) {
    const { name, ...options } = named(config);
    const missing = unavailable(name, listed);
    if (missing !== undefined) {
      if (!fallback || missing.code !== 'provider-unavailable') throw missing;
      plan.skipped.push({ name, reason: missing.message, code: missing.code });
    } else if (name === 'cpu') {
      checkKeys("option of the provider 'cpu':", options, ['useArena']);
      if ('useArena' in options) plan.cpuArena = truth('useArena', options.useArena);
      plan.providers.push({ name, keys: [], values: [], folders: [] });
    } else {
      plan.providers.push(nativeProvider(name, options, NEEDING_LIBRARIES.includes(name) ? folders() : []));
    }
  }
  if (plan.providers.length === 0) {
    throw new MicrojouleError(
      'provider-unavailable',
      `None of the execution providers can be used: ${plan.skipped.map((s) => s.reason).join(' ')}`,
      "Add 'cpu' to the end of executionProviders.",
    );
  }
  checkOneDevice(plan.providers);
  return plan;
}

/** A session is bound to, waits for and is metered on one GPU. */
function checkOneDevice(providers: readonly NativeProvider[]): void {
  const devices = providers
    .filter(({ name }) => NEEDING_LIBRARIES.includes(name))
    .map(({ keys, values }) => Number(values[keys.indexOf('device_id')] ?? 0));
  if (new Set(devices).size <= 1) return;
  throw invalidArgument(
    `The providers of one session use one GPU, not the devices ${devices.join(' and ')}.`,
    'Give all of them the same deviceId, or make a session for each device.',
  );
}

function named(config: ExecutionProviderConfig): { name: string; [option: string]: unknown } {
  if (typeof config === 'string') return { name: config };
  if (typeof config !== 'object' || config === null || typeof config.name !== 'string') {
    throw invalidArgument('An execution provider is a name, or an object with a name.');
  }
  return { ...config };
}

function unavailable(name: string, listed: readonly string[]): MicrojouleError | undefined {
  const available = availableProviders(listed);
  if (available.includes(name) || PLUGINS.includes(name)) return undefined;
  const known = Object.hasOwn(PROVIDERS, name);
  return new MicrojouleError(
    known ? 'provider-unavailable' : 'invalid-argument',
    known
      ? `This build of ONNX Runtime has no execution provider '${name}'.`
      : `There is no execution provider '${name}'.`,
    `Available here: ${available.join(', ')}.`,
  );
}

function nativeProvider(
  name: string,
  options: Record<string, unknown>,
  folders: readonly string[],
): NativeProvider {
  const keys: string[] = [];
  const values: string[] = [];
  if (options.deviceId !== undefined && options.device_id !== undefined) {
    throw invalidArgument(
      `deviceId and device_id of the provider '${name}' are one option.`,
      'Give deviceId alone.',
    );
  }
  for (const [key, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (key === 'deviceId') {
      keys.push('device_id');
      values.push(String(wholeNumber('deviceId', value, 0, 0x7fffffff)));
    } else {
      keys.push(key);
      values.push(configValue(`${key} of the provider '${name}'`, value));
    }
  }
  return { name: (PROVIDERS[name] as { appended: string }).appended, keys, values, folders };
}
