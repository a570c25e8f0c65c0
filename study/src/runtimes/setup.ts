import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { refuse } from '../refuse.js';
import type { HelloAnswer } from '../types/protocol.js';
import { type Environment, environmentsFolder, remember } from './environment.js';
import { helloOf } from './hello.js';
import { install } from './install.js';
import { type PythonRuntime, requirementsOf, type Variant } from './requirements.js';

export interface SetUpOptions {
  /** Absent: 'cuda' where NVIDIA's driver is, but 'cpu' for MXNet, whose GPU builds are for cards of 2021 and before. */
  variant?: Variant;
  /** An interpreter that has the runtime already; nothing is installed. */
  interpreter?: string;
  /** To make the environment with. */
  python?: string;
  /** Of the environments; `$XDG_CACHE_HOME/microjoule/runtimes`. */
  folder?: string;
  signal?: AbortSignal;
  onProgress?: (what: string) => void;
}

export interface SetUp extends Environment {
  runtime: PythonRuntime;
  gpu: HelloAnswer['gpu'];
  seconds: number;
}

/** Makes the environment of a runtime, or takes a named interpreter, and remembers it for the study. */
export async function setUpRuntime(runtime: PythonRuntime, options: SetUpOptions = {}): Promise<SetUp> {
  const started = Date.now();
  const made =
    options.interpreter === undefined
      ? await make(runtime, options)
      : await take(runtime, options.interpreter);
  const { hello, ...environment } = made;
  const found = { ...environment, versions: hello.versions, madeAt: new Date().toISOString() };
  remember(runtime, found);
  return { runtime, ...found, gpu: hello.gpu, seconds: (Date.now() - started) / 1000 };
}

type Made = Pick<Environment, 'interpreter' | 'variant' | 'megabytes'> & { hello: HelloAnswer };

async function make(runtime: PythonRuntime, options: SetUpOptions): Promise<Made> {
  const { folder = environmentsFolder(), python, signal, onProgress = () => undefined } = options;
  const variant = options.variant ?? defaultVariant(runtime);
  let hello: HelloAnswer | undefined;
  const interpreter = await install({
    runtime,
    variant,
    requirements: requirementsOf(runtime, variant),
    folder: resolve(folder),
    ...(python === undefined ? {} : { python }),
    ...(signal ? { signal } : {}),
    onProgress,
    check: async (made) => {
      hello = await helloOf(runtime, made);
    },
  });
  hello ??= await helloOf(runtime, interpreter);
  return { interpreter, variant, megabytes: megabytesOf(dirname(dirname(interpreter))), hello };
}

async function take(runtime: PythonRuntime, interpreter: string): Promise<Made> {
  const path = resolve(interpreter);
  if (!existsSync(path)) throw refuse(`There is no interpreter ${path}.`, 'Give the path of a python.');
  return { interpreter: path, variant: 'named', megabytes: null, hello: await helloOf(runtime, path) };
}

function defaultVariant(runtime: PythonRuntime): Variant {
  return runtime !== 'mxnet' && existsSync('/proc/driver/nvidia/version') ? 'cuda' : 'cpu';
}

/** What a folder takes of the disk. */
function megabytesOf(folder: string): number {
  let bytes = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) bytes += statSync(join(entry.parentPath, entry.name)).blocks * 512;
  }
  return Math.round(bytes / 1e6);
}
