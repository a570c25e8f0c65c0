import { MicrojouleError } from 'microjoule';
import { refuse } from '../refuse.js';
import type { JournalRecord, RunRecord, SegmentRecord } from '../types/journal.js';
import { segmentsOf } from './read.js';

export interface Source {
  path: string;
  records: readonly JournalRecord[];
}

export interface Merged {
  records: JournalRecord[];
  /** Runs that stand in several journals, the same in each: they are taken once. */
  duplicates: string[];
  /** Planned runs that no journal holds. */
  missing: string[];
}

/** Joins the journals of one table: each segment keeps its machine under a number of its own. */
export function mergeJournals(sources: readonly Source[]): Merged {
  requireOneTable(sources);
  const records: JournalRecord[] = [];
  const seen = new Map<string, { path: string; text: string }>();
  const duplicates: string[] = [];
  let next = 0;
  for (const { path, records: own } of sources) {
    const numbers = new Map<number, number>();
    for (const record of own) {
      if (record.type === 'segment') {
        numbers.set(record.segment, next);
        next += 1;
      }
      const segment = numbers.get(record.segment);
      if (segment === undefined)
        throw refuse(`${path} has a record of segment ${record.segment}, which never began.`);
      if (record.type === 'run' && isKnown(record, path, seen)) duplicates.push(record.id);
      else records.push({ ...record, segment });
    }
  }
  const [{ runs }] = segmentsOf(records) as [SegmentRecord];
  return { records, duplicates, missing: runs.map(({ id }) => id).filter((id) => !seen.has(id)) };
}

function requireOneTable(sources: readonly Source[]): void {
  const segments = sources.flatMap(({ path, records }) =>
    segmentsOf(records).map((segment) => ({ path, segment })),
  );
  const [first] = segments;
  if (!first) throw refuse('There is no study in these journals.');
  for (const { path, segment } of segments) {
    if (segment.tableHash !== first.segment.tableHash) {
      throw refuse(
        `${path} is of another run table than ${first.path}.`,
        'Merge journals of one table only.',
      );
    }
  }
}

/** The same run made twice would count twice: it is refused. A copy of one record is a copy. */
function isKnown(
  record: RunRecord,
  path: string,
  seen: Map<string, { path: string; text: string }>,
): boolean {
  const text = JSON.stringify({ ...record, segment: 0 });
  const before = seen.get(record.id);
  if (!before) {
    seen.set(record.id, { path, text });
    return false;
  }
  if (before.text === text) return true;
  throw new MicrojouleError(
    'not-supported',
    `The run ${record.id} was made twice, in ${before.path} and in ${path}.`,
    'Leave one of the two journals out: which of two runs counts must not be chosen by their figures.',
  );
}
