// Calibrations on disk: one file a board.
import { randomBytes } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheFolder } from '../folders.js';
import type { Calibration } from '../types/calibration.js';
import { fromText, toText } from './format.js';

const calibrationFolder = (): string => cacheFolder('calibration');

export interface Stored {
  path: string;
  /** What can be used of it; a string says in a few words why nothing can. */
  content: Calibration | string;
}

const FILE = /^(.+)\.json$/;

/** By UUID, everything that the cache holds. */
export async function readCache(): Promise<Map<string, Stored>> {
  const folder = calibrationFolder();
  const stored = new Map<string, Stored>();
  // No folder: nothing was ever calibrated. One that may not be read is nothing to fail over.
  for (const name of await readdir(folder).catch(() => [])) {
    const uuid = FILE.exec(name)?.[1];
    if (uuid === undefined) continue;
    const path = join(folder, name);
    stored.set(uuid, { path, content: await contentOf(path, uuid) });
  }
  return stored;
}

async function contentOf(path: string, uuid: string): Promise<Calibration | string> {
  try {
    const content = fromText(await readFile(path, 'utf8'));
    return typeof content === 'string' || content.state.uuid === uuid ? content : 'of another board';
  } catch (error) {
    return `not readable: ${(error as NodeJS.ErrnoException).code ?? String(error)}`;
  }
}

/** Writes it in place of the one before, in one step; returns the path. */
export async function writeCache(calibration: Calibration): Promise<string> {
  const folder = calibrationFolder();
  await mkdir(folder, { recursive: true });
  const path = join(folder, `${fileName(calibration.state.uuid)}.json`);
  const temporary = `${path}.${process.pid}-${randomBytes(4).toString('hex')}.tmp`;
  try {
    await writeFile(temporary, toText(calibration), { flag: 'wx' });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  return path;
}

// A UUID is a driver's text: it must not lead out of the folder.
function fileName(uuid: string): string {
  return uuid.replace(/[^A-Za-z0-9-]/g, '_');
}
