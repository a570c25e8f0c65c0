// Which records count: those of the last table, on whatever machine; of a run that is there twice one.
import { runsIn, segmentsOf } from '../journal/read.js';
import { refuse } from '../refuse.js';
import type { JournalRecord, RunRecord, SegmentRecord } from '../types/journal.js';
import type { Cell } from '../types/table.js';
import type { ExcludedRow } from './types.js';

export interface Selection {
  /** The last one with the table that is analysed. */
  segment: SegmentRecord;
  segments: SegmentRecord[];
  cells: Cell[];
  plannedRuns: Map<string, number>;
  runs: RunRecord[];
  duplicates: ExcludedRow[];
  notes: string[];
}

export function selectRuns(records: readonly JournalRecord[]): Selection {
  const all = segmentsOf(records);
  const segment = all.at(-1);
  if (!segment) throw refuse('The journal holds no study: its first record must be a segment.');
  const segments = all.filter(({ tableHash }) => tableHash === segment.tableHash);
  const numbers = new Set(segments.map((one) => one.segment));
  const recorded = runsIn(records).filter((run) => numbers.has(run.segment));
  const { kept, duplicates } = withoutDuplicates(recorded);
  const planned = new Map<string, Set<string>>();
  for (const { runs } of segments) {
    for (const { cell, id } of runs) planned.set(cell, (planned.get(cell) ?? new Set()).add(id));
  }
  return {
    segment,
    segments,
    cells: cellsOf(segments),
    plannedRuns: new Map([...planned].map(([cell, ids]) => [cell, ids.size])),
    runs: kept,
    duplicates,
    notes: [...notesOnTables(all, segments), ...notesOnMachines(segments, kept)],
  };
}

/** A cell that one machine could not run may have been run on another one. */
function cellsOf(segments: readonly SegmentRecord[]): Cell[] {
  const cells = new Map<string, Cell>();
  for (const cell of segments.flatMap((one) => one.cells)) {
    const known = cells.get(cell.id);
    if (!known || (known.impossible && !cell.impossible)) cells.set(cell.id, cell);
  }
  return [...cells.values()];
}

/** The first that ended well, else the first. */
function withoutDuplicates(runs: readonly RunRecord[]): { kept: RunRecord[]; duplicates: ExcludedRow[] } {
  const chosen = new Map<string, RunRecord>();
  for (const run of runs) {
    const known = chosen.get(run.id);
    if (!known || (known.status !== 'ok' && run.status === 'ok')) chosen.set(run.id, run);
  }
  const kept = runs.filter((run) => chosen.get(run.id) === run);
  const duplicates = runs
    .filter((run) => chosen.get(run.id) !== run)
    .map((run) => ({
      run: run.id,
      cell: run.cell,
      why: 'duplicate' as const,
      reason: `The journal holds this run more than once (segment ${run.segment}, ${run.startedAt}).`,
    }));
  return { kept, duplicates };
}

function notesOnTables(all: readonly SegmentRecord[], used: readonly SegmentRecord[]): string[] {
  const left = all.length - used.length;
  if (left === 0) return [];
  return [
    `${left} of ${all.length} segments were made with another run table and are not part of this analysis.`,
  ];
}

function notesOnMachines(segments: readonly SegmentRecord[], runs: readonly RunRecord[]): string[] {
  const hashOf = new Map(segments.map((one) => [one.segment, one.machineHash]));
  const machines = new Map<string, Set<string>>();
  for (const { cell, segment } of runs) {
    machines.set(cell, (machines.get(cell) ?? new Set()).add(hashOf.get(segment) ?? ''));
  }
  const spread = [...machines.values()].filter(({ size }) => size > 1).length;
  if (spread === 0) return [];
  return [
    `Runs of ${spread} cells were made on more than one machine, or GPU of one. What differs between these is part of a cell's interval; two cells are compared in pairs of runs of one repetition on one machine, where there are two or more.`,
  ];
}
