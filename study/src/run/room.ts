// A full disk ends the study, before a run is begun or a spoilt one recorded: what was not recorded is made again.
import { statfsSync } from 'node:fs';
import { ioFailure, MAKE_ROOM } from '../refuse.js';
import type { RunRecord } from '../types/journal.js';

const NEEDED_BYTES = 1 << 20;
/** As the system, Node and Python say it, in a worker's words. */
const FULL = /ENOSPC|EDQUOT|no space left on device|disk quota exceeded/i;

function isFull(folder: string): boolean {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize < NEEDED_BYTES;
}

/** Before a run begins, rather than after it, when there is no place for its record. */
export function requireRoom(folder: string): void {
  if (isFull(folder))
    throw ioFailure(`The disk of ${folder} is full: the next run was not begun.`, MAKE_ROOM);
}

/** A failed run stays failed; one that only met a full disk must not. */
export function requireUnspoilt({ id, failure, agreement }: RunRecord, folder: string): void {
  const words = [failure?.reason, agreement?.reason].find((reason) => reason && FULL.test(reason));
  if (words) throw spoilt(id, words);
  if (failure && isFull(folder)) throw spoilt(id, `the disk of ${folder} is full; ${failure.reason}`);
}

const spoilt = (id: string, why: string) =>
  ioFailure(`The run ${id} met a full disk, and is not recorded (${why.replace(/\.$/, '')}).`, MAKE_ROOM);
