import { readFileSync } from 'node:fs';
import { ioFailure } from '../refuse.js';
import type { JournalRecord, RunRecord, SegmentRecord } from '../types/journal.js';

export interface JournalText {
  records: JournalRecord[];
  /** Length of the whole lines, bytes. */
  wholeBytes: number;
  /** What stands after the last whole line: a record that was cut off. */
  torn: Buffer;
}

const NEWLINE = 0x0a;

/** A line counts once its newline is there. A broken line before the last one is no accident of a kill: it is refused. */
export function parseJournal(path: string, bytes: Buffer): JournalText {
  const end = bytes.lastIndexOf(NEWLINE) + 1;
  const lines = bytes.toString('utf8', 0, end).split('\n').slice(0, -1);
  return {
    records: lines.map((line, i) => parseLine(path, line, i + 1)),
    wholeBytes: end,
    torn: bytes.subarray(end),
  };
}

export function readJournal(path: string): JournalRecord[] {
  return parseJournal(path, readBytes(path)).records;
}

export function readBytes(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    throw ioFailure(`The journal ${path} cannot be read: ${(error as Error).message}.`);
  }
}

function parseLine(path: string, line: string, number: number): JournalRecord {
  let record: Partial<JournalRecord> | null = null;
  try {
    record = JSON.parse(line) as JournalRecord;
  } catch {
    // Told below, with the line.
  }
  const known = record?.type === 'segment' || record?.type === 'run' || record?.type === 'end';
  if (!known || record?.v !== 1) {
    throw ioFailure(
      `${path}, line ${number}, is no record of a journal of version 1.`,
      'Nothing was changed; put back the line from a copy.',
    );
  }
  return record as JournalRecord;
}

export const segmentsOf = (records: readonly JournalRecord[]): SegmentRecord[] =>
  records.filter((one): one is SegmentRecord => one.type === 'segment');

export const runsIn = (records: readonly JournalRecord[]): RunRecord[] =>
  records.filter((one): one is RunRecord => one.type === 'run');
