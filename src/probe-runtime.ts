import { MicrojouleError } from './errors.js';
import { native } from './native.js';
import { availableProviders } from './providers.js';
import { openRuntime } from './runtime.js';
import type { ProviderProbe, RuntimeProbe } from './types/probe.js';

/** ONNX Runtime and its providers: found, usable, or why not, down to the one missing file. */
export function probeRuntime(explicit: string | undefined): RuntimeProbe {
  try {
    const runtime = openRuntime(explicit);
    const providers = availableProviders(runtime.providers).map((name) => probeProvider(runtime.path, name));
    return { found: true, version: runtime.version, path: runtime.path, providers };
  } catch (error) {
    if (!(error instanceof MicrojouleError)) throw error;
    const { code, message, remedy } = error;
    return { found: false, code, reason: message, ...(remedy === undefined ? {} : { remedy }) };
  }
}

function probeProvider(library: string, name: string): ProviderProbe {
  const refused = native().checkProvider(library, name);
  if (!refused) return { name, usable: true };
  const { code, reason, remedy } = refused;
  return { name, usable: false, code, reason, ...(remedy === '' ? {} : { remedy }) } as ProviderProbe;
}
