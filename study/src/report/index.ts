// One self-contained HTML page of an analysis.
import { writeFileSync } from 'node:fs';
import type { Analysis } from '../analysis/types.js';
import { readJournal } from '../journal/read.js';
import { ioFailure, reasonOf } from '../refuse.js';
import type { JournalRecord } from '../types/journal.js';
import { page, type ReportOptions } from './page.js';

export type { ReportOptions } from './page.js';

/** The page as text. */
export const renderReport = (
  analysis: Analysis,
  journal: readonly JournalRecord[],
  options: ReportOptions = {},
): Promise<string> => page(analysis, journal, options);

/** Writes the page; `journal` is a path or its records. */
export async function report(
  analysis: Analysis,
  journal: string | readonly JournalRecord[],
  outFile: string,
  options: ReportOptions = {},
): Promise<void> {
  const records = typeof journal === 'string' ? readJournal(journal) : journal;
  const text = await renderReport(analysis, records, options);
  try {
    writeFileSync(outFile, text);
  } catch (error) {
    throw ioFailure(`The report cannot be written to ${outFile} (${reasonOf(error)}).`);
  }
}
