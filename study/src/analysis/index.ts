// Analysis of a study: a journal in, plain data and files out.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readJournal } from '../journal/read.js';
import { ioFailure, reasonOf } from '../refuse.js';
import type { JournalRecord } from '../types/journal.js';
import { analyseRecords } from './analyse.js';
import { cellsCsv, runsCsv } from './csv.js';
import type { Analysis } from './types.js';

export { cellsCsv, runsCsv } from './csv.js';
export type * from './types.js';
export { isValue } from './types.js';

/** Of a journal's path, or of its records. */
export function analyse(journal: string | readonly JournalRecord[]): Analysis {
  return analyseRecords(typeof journal === 'string' ? readJournal(journal) : journal);
}

/** Writes analysis.json, cells.csv and runs.csv, and returns their paths. */
export function writeAnalysis(analysis: Analysis, folder: string): string[] {
  const files: [name: string, content: string][] = [
    ['analysis.json', `${JSON.stringify(analysis, null, 1)}\n`],
    ['cells.csv', cellsCsv(analysis)],
    ['runs.csv', runsCsv(analysis)],
  ];
  try {
    mkdirSync(folder, { recursive: true });
    for (const [name, content] of files) writeFileSync(join(folder, name), content);
  } catch (error) {
    throw ioFailure(`The analysis cannot be written to ${folder} (${reasonOf(error)}).`);
  }
  return files.map(([name]) => join(folder, name));
}
