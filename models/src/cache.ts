import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { ModelsError, systemCode } from './errors.js';
import { publishDetermined, TEMPORARY } from './publish.js';
import {
  GENERATION,
  MANIFEST_FILE,
  type Manifest,
  MODEL_FILE,
  type PlannedModel,
  type Progress,
  WEIGHTS_FILE,
  writeFiles,
} from './write.js';

export interface CacheOptions {
  /** Folder of the cached models; `$XDG_CACHE_HOME/microjoule/models`, or the same under `~/.cache`. */
  readonly cacheDir?: string;
  readonly onProgress?: Progress;
  /** Told in one sentence when a damaged entry is replaced. */
  readonly onNotice?: (message: string) => void;
  readonly signal?: AbortSignal;
}

export function defaultCacheDir(): string {
  const xdg = process.env.XDG_CACHE_HOME;
  // The XDG specification wants relative paths ignored.
  const base = xdg?.startsWith('/') ? xdg : join(homedir(), '.cache');
  return join(base, 'microjoule', 'models');
}

/** Path of the planned model's ONNX file in the cache; written if it is not there or is damaged. */
export async function cached(plan: PlannedModel, options: CacheOptions): Promise<string> {
  const cacheDir = options.cacheDir ?? defaultCacheDir();
  const entry = join(cacheDir, `${plan.recipe.name}-${contentKey(plan)}`);
  const damage = await damageOf(entry, plan);
  if (damage === undefined) return join(entry, MODEL_FILE);
  if (damage !== 'absent') {
    options.onNotice?.(`The cached model ${entry} is damaged (${damage}); it is written again.`);
  }
  await removeAbandoned(cacheDir);
  await publishDetermined(entry, (folder) => writeFiles(folder, plan, options.onProgress, options.signal));
  return join(entry, MODEL_FILE);
}

/**
 * The graph (with its weights' names, shapes and places), the seed and the generation determine every byte, so their
 * hash stands for the content before it exists; the hashes of the content itself are in the manifest.
 */
function contentKey({ recipe, graph }: PlannedModel): string {
  const { seed, precision } = recipe;
  return createHash('sha256')
    .update(JSON.stringify({ seed, precision, generation: GENERATION }))
    .update(graph)
    .digest('hex')
    .slice(0, 16);
}

/** What is wrong with a cache entry in a few words; undefined when it is whole. */
async function damageOf(entry: string, plan: PlannedModel): Promise<string | undefined> {
  try {
    if (!(await stat(entry)).isDirectory()) return 'not a folder';
    const manifest = JSON.parse(await readFile(join(entry, MANIFEST_FILE), 'utf8')) as Manifest;
    for (const name of [MODEL_FILE, WEIGHTS_FILE]) {
      const expected = manifest.files[name];
      const path = join(entry, name);
      const bytes = (await stat(path)).size;
      const planned = name === MODEL_FILE ? plan.graph.length : plan.weights.fileSize;
      if (bytes !== planned) return `${name} has ${bytes} bytes instead of ${planned}`;
      if ((await sha256Of(path)) !== expected?.sha256) return `${name} is not what was written`;
    }
    return undefined;
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR')
      return (await exists(entry)) ? 'a file is missing' : 'absent';
    if (error instanceof SyntaxError || error instanceof TypeError) return `${MANIFEST_FILE} is not readable`;
    throw new ModelsError(
      code === 'EACCES' ? 'permission-denied' : 'io-failure',
      `The cached model ${entry} cannot be read (${code ?? String(error)}).`,
      'Give another cache folder, or make it readable.',
      { cause: error },
    );
  }
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

const DAY_MS = 24 * 3600 * 1000;

/** Removes what processes that were killed while writing have left behind more than a day ago. */
async function removeAbandoned(cacheDir: string): Promise<void> {
  const names = await readdir(cacheDir).catch(() => []);
  for (const name of names.filter((n) => n.endsWith(TEMPORARY))) {
    const path = join(cacheDir, name);
    const age = await stat(path)
      .then((s) => Date.now() - s.mtimeMs)
      .catch(() => 0);
    if (age > DAY_MS) await rm(path, { recursive: true, force: true });
  }
}
