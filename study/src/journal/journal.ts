import {
  appendFileSync,
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  statSync,
  truncateSync,
  writeSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { cannotWrite, ioFailure, reasonOf, roomRemedy } from '../refuse.js';
import type { JournalRecord } from '../types/journal.js';
import { JournalLock } from './lock.js';
import { parseJournal, readBytes } from './read.js';

/**
 * An append-only file, open for one study. Each record is on disk before `append` returns; a record that could not be
 * written whole is taken back, so that the journal always ends with a whole line.
 */
export class Journal {
  #bytes: number;
  readonly #records: JournalRecord[];

  private constructor(
    readonly path: string,
    private readonly fd: number,
    private readonly lock: JournalLock,
    records: JournalRecord[],
    bytes: number,
  ) {
    this.#records = records;
    this.#bytes = bytes;
  }

  static async open(path: string): Promise<Journal> {
    const fd = openForUpdate(path);
    let lock: JournalLock | undefined;
    try {
      requireFile(path, fd);
      lock = await JournalLock.take(path);
      const { records, wholeBytes, torn } = parseJournal(path, readBytes(path));
      if (torn.length > 0) cutOff(path, fd, wholeBytes, torn);
      // The name, too, must survive.
      syncFolder(dirname(path));
      return new Journal(path, fd, lock, records, wholeBytes);
    } catch (error) {
      lock?.release();
      closeSync(fd);
      throw error;
    }
  }

  get records(): readonly JournalRecord[] {
    return this.#records;
  }

  append(record: JournalRecord): void {
    const line = Buffer.from(`${JSON.stringify(record)}\n`);
    try {
      for (let written = 0; written < line.length; ) {
        written += writeSync(this.fd, line, written, line.length - written, this.#bytes + written);
      }
      fsyncSync(this.fd);
    } catch (error) {
      this.#takeBack();
      throw cannotWrite(this.path, error, ': the last record is not in it, all before are');
    }
    this.#bytes += line.length;
    this.#records.push(record);
  }

  /** Where that fails too, half a line stays; it is cut off when the journal is opened again. */
  #takeBack(): void {
    try {
      ftruncateSync(this.fd, this.#bytes);
    } catch {
      // What failed first is what is told.
    }
  }

  close(): void {
    this.lock.release();
    closeSync(this.fd);
  }
}

function openForUpdate(path: string): number {
  try {
    // Not 'a': on Linux a file opened so takes every write at its end, wherever it is meant for.
    return openSync(path, 'r+');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw cannotOpen(path, error);
  }
  try {
    return openSync(path, 'wx+');
  } catch (error) {
    // Another study has made it in between: its lock decides.
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return openSync(path, 'r+');
    throw cannotOpen(path, error);
  }
}

const cannotOpen = (path: string, error: unknown) =>
  ioFailure(`The journal ${path} cannot be opened (${reasonOf(error)}).`, roomRemedy(error));

/** A device or a pipe has no end to be read to. */
function requireFile(path: string, fd: number): void {
  if (!fstatSync(fd).isFile())
    throw ioFailure(`The journal ${path} is no file.`, 'Give another folder with --out.');
}

/** Half a record is kept aside, never lost, and never taken for a run. */
function cutOff(path: string, fd: number, wholeBytes: number, torn: Buffer): void {
  const aside = `${path}.torn`;
  const before = statSync(aside, { throwIfNoEntry: false })?.size ?? 0;
  try {
    appendFileSync(aside, Buffer.concat([torn, Buffer.from('\n')]), { flush: true });
  } catch (error) {
    truncateSync(aside, before);
    throw cannotWrite(aside, error, `: ${path} is as it was`);
  }
  ftruncateSync(fd, wholeBytes);
  fsyncSync(fd);
}

function syncFolder(path: string): void {
  const fd = openSync(path, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
