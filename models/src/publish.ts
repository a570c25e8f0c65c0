import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm, unlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ModelsError, systemCode, writeFailure } from './errors.js';

/** Ends the names of folders that are being written. */
export const TEMPORARY = '.tmp';

type Fill = (folder: string) => Promise<void>;

/** Lets `fill` write into a new folder beside `target`, hands it to `place`, and removes what is left of it. */
async function stage(target: string, fill: Fill, place: (folder: string) => Promise<void>): Promise<void> {
  const parent = dirname(target);
  const unique = `${process.pid}.${randomBytes(4).toString('hex')}`;
  const temporary = join(parent, `.${basename(target)}.${unique}${TEMPORARY}`);
  try {
    await mkdir(parent, { recursive: true });
    await mkdir(temporary);
    try {
      await fill(temporary);
      await place(temporary);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  } catch (error) {
    throw writeFailure(error, target);
  }
}

const OCCUPIED = ['ENOTEMPTY', 'EEXIST', 'ENOTDIR'];

/** Gives a folder its name in one step; false where something else has it. */
async function renameFree(folder: string, target: string): Promise<boolean> {
  try {
    await rename(folder, target);
    return true;
  } catch (error) {
    if (OCCUPIED.includes(systemCode(error) ?? '')) return false;
    throw error;
  }
}

/** Fills a folder of the user's choice, one that does not exist yet or is empty: with everything, or with nothing. */
export async function publishNewFolder(target: string, fill: Fill): Promise<void> {
  const taken = new ModelsError(
    'invalid-argument',
    `${target} exists already and is not an empty folder.`,
    'Name a folder that does not exist yet, or remove it.',
  );
  // Looked at first, so that nothing is made in vain; renaming then refuses what has come about since.
  if (!(await isFree(target))) throw taken;
  await stage(target, fill, async (folder) => {
    if (!(await renameFree(folder, target))) throw taken;
  });
}

async function isFree(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).length === 0;
  } catch (error) {
    return systemCode(error) === 'ENOENT';
  }
}

/**
 * Fills a folder whose content its name determines. Where it exists, its files are replaced one by one, each in one
 * step: another process finds a whole file at any time, and two that write at once write the same.
 */
export async function publishDetermined(target: string, fill: Fill): Promise<void> {
  await stage(target, fill, async (folder) => {
    if (await renameFree(folder, target)) return;
    // A file in the folder's place goes; a folder stays, for unlink takes none.
    await unlink(target).catch(() => undefined);
    await mkdir(target, { recursive: true });
    for (const name of await readdir(folder)) await rename(join(folder, name), join(target, name));
  });
}
