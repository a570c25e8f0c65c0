import { existsSync, renameSync, rmSync } from 'node:fs';
import { Journal } from '../journal/journal.js';
import { mergeJournals } from '../journal/merge.js';
import { readJournal } from '../journal/read.js';
import { refuse } from '../refuse.js';
import type { JournalRecord } from '../types/journal.js';
import { parse } from './arguments.js';

const SHOWN = 10;

/** 0: complete. 1: written, and runs are missing. */
export async function merge(argv: string[]): Promise<number> {
  const args = parse(argv, { into: { type: 'string' } }, { min: 1, max: 100_000 });
  const into = args.text('into');
  if (into === undefined) throw refuse('merge needs --into FILE, the journal to write.');
  if (existsSync(into)) throw refuse(`${into} is there already.`, 'Give another name.');
  const { records, duplicates, missing } = mergeJournals(
    args.positionals.map((path) => ({ path, records: readJournal(path) })),
  );
  await writeWhole(into, records);
  const runs = records.filter(({ type }) => type === 'run').length;
  process.stdout.write(`${into}: ${runs} runs of ${args.positionals.length} journals.\n`);
  tell(`${duplicates.length} runs stood in more than one journal and were taken once`, duplicates);
  tell(`${missing.length} runs are missing`, missing);
  return missing.length > 0 ? 1 : 0;
}

/** It is there whole or not at all: a part of it would look like a study that is not done. */
async function writeWhole(path: string, records: readonly JournalRecord[]): Promise<void> {
  const part = `${path}.part`;
  rmSync(part, { force: true });
  try {
    const journal = await Journal.open(part);
    try {
      for (const record of records) journal.append(record);
    } finally {
      journal.close();
    }
    renameSync(part, path);
  } finally {
    rmSync(part, { force: true });
  }
}

function tell(what: string, ids: readonly string[]): void {
  if (ids.length === 0) return;
  const more = ids.length > SHOWN ? `, and ${ids.length - SHOWN} more` : '';
  process.stderr.write(`${what}: ${ids.slice(0, SHOWN).join(', ')}${more}.\n`);
}
