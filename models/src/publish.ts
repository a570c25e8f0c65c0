import { randomBytes } from 'node:crypto';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ModelsError, systemCode, writeFailure } from './errors.js';

/**
 * Lets `fill` write into a new folder beside `target` and then gives it the name `target` in one step, so that nobody
 * ever sees half of it. Returns false where another process (or an earlier run) has put something there.
 */
export async function publishFolder(
  target: string,
  fill: (folder: string) => Promise<void>,
): Promise<boolean> {
  const parent = dirname(target);
  const temporary = join(
    parent,
    `.${basename(target)}.${process.pid}.${randomBytes(4).toString('hex')}${TEMPORARY}`,
  );
  try {
    await mkdir(parent, { recursive: true });
    await mkdir(temporary);
    await fill(temporary);
    return await renameTo(target, temporary);
  } catch (error) {
    throw writeFailure(error, target);
  } finally {
    await rm(temporary, { recursive: true, force: true });
  }
}

async function renameTo(target: string, folder: string): Promise<boolean> {
  try {
    await rename(folder, target);
    return true;
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(systemCode(error) ?? '')) return false;
    throw error;
  }
}

/** Ends the names of folders that are being written. */
export const TEMPORARY = '.tmp';

/** As {@link publishFolder}, into a folder of the user's choice: one that does not exist yet, or is empty. */
export async function publishNewFolder(
  folder: string,
  fill: (folder: string) => Promise<void>,
): Promise<void> {
  // Looked at first, so that nothing is made in vain; renaming then refuses what has come about since.
  if ((await isFree(folder)) && (await publishFolder(folder, fill))) return;
  throw new ModelsError(
    'invalid-argument',
    `${folder} exists already and is not an empty folder.`,
    'Name a folder that does not exist yet, or remove it.',
  );
}

async function isFree(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).length === 0;
  } catch (error) {
    return systemCode(error) === 'ENOENT';
  }
}
