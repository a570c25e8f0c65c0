import { randomBytes } from 'node:crypto';
import { mkdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { systemCode, writeFailure } from './errors.js';

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
    await rename(temporary, target);
    return true;
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    const code = systemCode(error);
    if (code === 'ENOTEMPTY' || code === 'EEXIST' || code === 'ENOTDIR') return false;
    throw writeFailure(error, target);
  }
}

/** Ends the names of folders that are being written. */
export const TEMPORARY = '.tmp';
