// Before a session is made: whether its engines are kept, under which key, and what is there already.
import { dirname } from 'node:path';
import { MicrojouleError } from '../errors.js';
import type { ModelSource } from '../model-source.js';
import { type NativeEngineTarget, type NativeProvider, type NativeRuntime, native } from '../native.js';
import type { CommonSessionOptions } from '../session-options.js';
import type { EngineDescription, EngineKeyParts } from '../types/engine.js';
import { engineKey } from './key.js';
import { describeModel, hashFile } from './model-hash.js';
import {
  deviceOrdinal,
  refuseOwnCache,
  type SortedOptions,
  sortOptions,
  TENSORRT,
  withCache,
} from './options.js';
import { type EngineFiles, engineFiles, findEngine, makeWork, mayChange, takeKept } from './store.js';

export interface EnginePlan {
  providers: NativeProvider[];
  /** Undefined: the package keeps nothing. */
  cache: EngineCache | undefined;
  /** Options of a cache of the user's own. */
  own: Record<string, string>;
}

export interface EngineCache {
  root: string;
  key: string;
  parts: EngineKeyParts;
  /** What was kept when the session was made. */
  kept: EngineDescription | undefined;
  /** What the provider found in its folder. */
  before: EngineFiles;
  /** The provider's folder, for this session alone; undefined: it reads the kept one, where none can be made. */
  work: string | undefined;
}

export interface EngineRequest {
  /** Folder of the cache; undefined: none. */
  root: string | undefined;
  providers: readonly NativeProvider[];
  runtime: NativeRuntime;
  model: ModelSource;
  externalData: readonly { path: string; bytes: Uint8Array }[];
  common: CommonSessionOptions;
}

/** Undefined where the session has no TensorRT. */
export async function planEngine(request: EngineRequest): Promise<EnginePlan | undefined> {
  const { root, providers } = request;
  const provider = providers.find(({ name }) => name === TENSORRT);
  if (provider === undefined) return undefined;
  const options = sortOptions(provider);
  if (root === undefined) return { providers: [...providers], cache: undefined, own: options.own };
  refuseOwnCache(options);
  const parts = await keyParts(request, provider, options);
  const cache = await openCache(root, engineKey(parts), parts);
  const folder = cache.work ?? `${root}/${cache.key}`;
  return {
    providers: providers.map((one) => (one === provider ? withCache(one, folder) : one)),
    cache,
    own: {},
  };
}

async function keyParts(
  { runtime, providers, common, model, externalData }: EngineRequest,
  provider: NativeProvider,
  options: SortedOptions,
): Promise<EngineKeyParts> {
  const [described, target, driver, optionFiles] = await Promise.all([
    describeModel(model, externalData),
    native().engineTarget(dirname(runtime.path), provider.folders, deviceOrdinal(provider)),
    driverVersion(),
    hashFiles(options.files),
  ]);
  const { names, values } = common.freeDimensions;
  const tf32 = process.env.NVIDIA_TF32_OVERRIDE;
  return {
    model: described,
    shapes: {
      freeDimensions: Object.fromEntries(names.map((name, i) => [name, values[i] as number])),
      profiles: options.profiles,
    },
    gpu: gpuOf(target),
    driver,
    tensorrt: target.tensorrt || UNKNOWN,
    onnxruntime: runtime.version,
    providers: providers.map(({ name }) => name),
    options: options.other,
    optionFiles,
    session: {
      graphOptimizationLevel: common.graphOptimizationLevel,
      config: Object.fromEntries(
        common.config.keys.map((key, i) => [key, common.config.values[i] as string]),
      ),
    },
    environment: tf32 === undefined ? {} : { NVIDIA_TF32_OVERRIDE: tf32 },
  };
}

const UNKNOWN = 'unknown';

// Not the UUID: an engine serves every board of one kind, and a machine has eight of them.
function gpuOf({ name, computeCapability, multiprocessors, memoryBytes }: NativeEngineTarget) {
  return {
    name: name || UNKNOWN,
    computeCapability: computeCapability || UNKNOWN,
    multiprocessors,
    memoryBytes,
  };
}

async function driverVersion(): Promise<string> {
  const anywhere = { nvml: '', powercap: '', perf: '', msr: '', sys: '', proc: '' };
  const boards = await native()
    .boardStates(anywhere)
    .catch(() => []);
  return boards[0]?.driver || UNKNOWN;
}

async function hashFiles(files: Record<string, string[]>): Promise<Record<string, string>> {
  const hashed: Record<string, string> = {};
  for (const path of Object.values(files).flat()) hashed[path] = await hashFile(path);
  return hashed;
}

async function openCache(root: string, key: string, parts: EngineKeyParts): Promise<EngineCache> {
  const kept = await findEngine(root, key);
  try {
    const work = await makeWork(root, key);
    const taken = kept !== undefined && (await takeKept(root, key, work));
    return { root, key, parts, kept: taken ? kept : undefined, before: await engineFiles(work), work };
  } catch (error) {
    // A cache that may only be read serves what it has, if nothing will be written to it.
    const before = kept && (await engineFiles(`${root}/${key}`).catch(() => undefined));
    if (before && !mayChange(before)) return { root, key, parts, kept, before, work: undefined };
    throw unusable(root, error as NodeJS.ErrnoException);
  }
}

function unusable(root: string, cause: NodeJS.ErrnoException): MicrojouleError {
  const forbidden = ['EACCES', 'EPERM', 'EROFS'].includes(cause.code ?? '');
  return new MicrojouleError(
    forbidden ? 'permission-denied' : 'io-failure',
    `Engines cannot be kept in ${root}: ${cause.message}.`,
    'Give another folder as engineCache, or leave it out.',
    { cause },
  );
}
