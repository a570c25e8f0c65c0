// Engines on disk. A kept engine is the folder <root>/<key>, which appears and is replaced in one step; sessions work in
// folders of their own beside it, so that no two write to one file and a build that is cut leaves nothing that is looked at.
import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { copyFile, link, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { EngineDescription } from '../types/engine.js';

const DESCRIPTION = 'engine.json';
const PROFILE = /\.profile$/;
/** What the provider writes: engines, and the shapes that they were built for. */
const KEPT = /\.(engine|engine\.encrypted|profile)$/;
const PRIVATE = /^[0-9a-f]+\.\d+-[0-9a-f]+\.(work|new|old)$/;
const ABANDONED_MS = 24 * 3600 * 1000;
const ATTEMPTS = 20;

/** Name, bytes and time of change of the provider's files in a folder. */
export type EngineFiles = ReadonlyMap<string, { bytes: number; changed: number }>;

export async function engineFiles(folder: string): Promise<EngineFiles> {
  const files = new Map<string, { bytes: number; changed: number }>();
  for (const name of (await readdir(folder)).sort()) {
    if (!KEPT.test(name)) continue;
    const { size, mtimeMs } = await stat(join(folder, name));
    files.set(name, { bytes: size, changed: mtimeMs });
  }
  return files;
}

/** Whether an engine is in `now` that `before` had not, or had otherwise. */
export function builtSince(before: EngineFiles, now: EngineFiles): boolean {
  return [...now].some(([name, { bytes, changed }]) => {
    const old = before.get(name);
    return !PROFILE.test(name) && (old === undefined || old.bytes !== bytes || old.changed !== changed);
  });
}

/** The kept engines of a key, whole as they were described; undefined where there are none. */
export async function findEngine(root: string, key: string): Promise<EngineDescription | undefined> {
  const folder = join(root, key);
  try {
    const description = JSON.parse(await readFile(join(folder, DESCRIPTION), 'utf8')) as EngineDescription;
    const files = await engineFiles(folder);
    const whole = description.files.every(({ name, bytes }) => files.get(name)?.bytes === bytes);
    return description.format === 1 && description.key === key && files.size > 0 && whole
      ? description
      : undefined;
  } catch {
    return undefined;
  }
}

/** An empty folder of the caller's own. */
export async function makeWork(root: string, key: string): Promise<string> {
  await mkdir(root, { recursive: true, mode: 0o700 });
  await sweep(root);
  const work = privateName(root, key, 'work');
  await mkdir(work, { mode: 0o700 });
  return work;
}

/** Puts what is kept into `work`; false where it was taken away meanwhile. */
export async function takeKept(root: string, key: string, work: string): Promise<boolean> {
  try {
    await fill(join(root, key), work);
    return true;
  } catch {
    for (const name of await readdir(work)) await rm(join(work, name), { force: true });
    return false;
  }
}

/** Keeps what is in `work`, in place of what was kept before; leaves nothing where that fails. */
export async function keep(root: string, work: string, description: EngineDescription): Promise<void> {
  const { key } = description;
  const made = privateName(root, key, 'new');
  await mkdir(made, { mode: 0o700 });
  try {
    await fill(work, made);
    await write(join(made, DESCRIPTION), description);
    await replace(root, key, made);
  } catch (error) {
    await rm(made, { recursive: true, force: true });
    throw error;
  }
}

/** Writes the description of a kept engine anew; false where it is no longer there. */
export async function describeAnew(root: string, description: EngineDescription): Promise<boolean> {
  const folder = join(root, description.key);
  const made = join(folder, `.${process.pid}-${randomBytes(4).toString('hex')}.tmp`);
  try {
    await write(made, description);
    await rename(made, join(folder, DESCRIPTION));
    return true;
  } catch {
    await rm(made, { force: true });
    return false;
  }
}

/** Engines that are rebuilt in place when a shape leaves their profile. */
export function mayChange(files: EngineFiles): boolean {
  return [...files.keys()].some((name) => PROFILE.test(name));
}

/** Takes a kept engine away: whoever has it open keeps what it read. */
export async function discard(root: string, key: string): Promise<void> {
  const old = privateName(root, key, 'old');
  await rename(join(root, key), old).catch(() => undefined);
  await rm(old, { recursive: true, force: true });
}

// Engines of fixed shapes are never written again and may be one file in both folders. Those with a profile are rebuilt
// in place when a shape leaves it: each folder has its own.
async function fill(from: string, to: string): Promise<void> {
  const names = [...(await engineFiles(from)).keys()];
  const stem = (name: string) => name.replace(KEPT, '');
  const changing = new Set(names.filter((name) => PROFILE.test(name)).map(stem));
  for (const name of names) {
    const [source, target] = [join(from, name), join(to, name)];
    const copied = () => copyFile(source, target, constants.COPYFILE_FICLONE);
    // Not every file system has links.
    await (changing.has(stem(name)) ? copied() : link(source, target).catch(copied));
  }
}

/** Others may put theirs there at the same time: each is whole, and the last one stays. */
async function replace(root: string, key: string, made: string): Promise<void> {
  for (let left = ATTEMPTS; ; --left) {
    try {
      await rename(made, join(root, key));
      return;
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if ((code !== 'ENOTEMPTY' && code !== 'EEXIST') || left === 0) throw error;
      await discard(root, key);
    }
  }
}

// On the disk before the folder gets its name: a full disk shows here.
async function write(path: string, description: EngineDescription): Promise<void> {
  const file = await open(path, 'wx', 0o600);
  try {
    await file.writeFile(`${JSON.stringify(description, null, 2)}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
}

function privateName(root: string, key: string, kind: 'work' | 'new' | 'old'): string {
  return join(root, `${key}.${process.pid}-${randomBytes(6).toString('hex')}.${kind}`);
}

/** What processes that were killed have left behind. */
async function sweep(root: string): Promise<void> {
  for (const name of await readdir(root)) {
    if (!PRIVATE.test(name)) continue;
    const path = join(root, name);
    const info = await stat(path).catch(() => undefined);
    if (info && Date.now() - info.mtimeMs > ABANDONED_MS) await rm(path, { recursive: true, force: true });
  }
}
