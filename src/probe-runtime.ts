import { dirname } from 'node:path';
import { finiteNumber, text, truth } from './check-options.js';
import { ERROR_CODES, type ErrorCode, MicrojouleError } from './errors.js';
import { type LibraryFolder, libraryFolders, readLibraryFolders } from './library-folders.js';
import { type NativeLibraries, type NativeRuntime, native } from './native.js';
import { tryProvider } from './provider-trial.js';
import { availableProviders, PLUGINS } from './providers.js';
import { openRuntime } from './runtime.js';
import type { ProbeOptions, ProviderProbe, RuntimeProbe } from './types/probe.js';

export interface RuntimeOptions {
  onnxruntime: string | undefined;
  given: string[];
  trial: boolean;
  trialTimeoutMs: number;
}

export function readRuntimeOptions(options: ProbeOptions): RuntimeOptions {
  const { onnxruntime, timing = true, trialTimeoutMs = 90_000 } = options;
  return {
    onnxruntime: onnxruntime === undefined ? undefined : text('onnxruntime', onnxruntime),
    given: readLibraryFolders(options.libraryFolders),
    trial: truth('timing', timing),
    trialTimeoutMs: finiteNumber('trialTimeoutMs', trialTimeoutMs, 1),
  };
}

/** ONNX Runtime and its providers: found, usable, or why not, down to the one missing file. */
export async function probeRuntime(options: RuntimeOptions): Promise<RuntimeProbe> {
  let runtime: NativeRuntime;
  try {
    runtime = openRuntime(options.onnxruntime);
  } catch (error) {
    if (!(error instanceof MicrojouleError)) throw error;
    const { code, message, remedy } = error;
    return { found: false, code, reason: message, ...(remedy === undefined ? {} : { remedy }) };
  }
  const { version, path } = runtime;
  const folders = libraryFolders(options.given, dirname(path));
  const names = [...new Set([...availableProviders(runtime.providers), ...PLUGINS])];
  const providers = await Promise.all(names.map((name) => probeProvider(runtime, name, folders, options)));
  return { found: true, version, path, providers, libraryFolders: folders };
}

async function probeProvider(
  runtime: NativeRuntime,
  name: string,
  folders: readonly LibraryFolder[],
  { given, trial, trialTimeoutMs }: RuntimeOptions,
): Promise<ProviderProbe> {
  const found = native().findLibraries(
    name,
    dirname(runtime.path),
    folders.map(({ folder }) => folder),
  );
  const libraries = found.libraries.map((one) => ({
    name: one.name,
    path: one.path === '' ? null : one.path,
  }));
  if (found.code !== undefined) return { name, libraries, usable: false, ...refusal(found) };
  if (!trial) {
    return { name, libraries, usable: null, reason: 'What it needs was found; it was not tried.' };
  }
  const failure = await tryProvider({
    provider: name,
    onnxruntime: runtime.path,
    version: runtime.version,
    libraryFolders: given,
    timeoutMs: trialTimeoutMs,
  });
  return failure === undefined
    ? { name, libraries, usable: true }
    : { name, libraries, usable: false, ...failure };
}

function refusal({ code, reason = '', remedy = '', missing = '' }: NativeLibraries): {
  code: ErrorCode;
  reason: string;
  remedy?: string;
  missing?: string;
} {
  return {
    code: ERROR_CODES.find((known) => known === code) ?? 'internal',
    reason,
    ...(remedy === '' ? {} : { remedy }),
    ...(missing === '' ? {} : { missing }),
  };
}
