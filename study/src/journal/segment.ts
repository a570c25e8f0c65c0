import { MicrojouleError } from 'microjoule';
import type { Shard } from '../plan/shard.js';
import type { Machine, SegmentRecord } from '../types/journal.js';
import type { Plan, RunTable } from '../types/table.js';
import { hashOf } from './hash.js';
import type { Journal } from './journal.js';
import { machineHash } from './machine.js';
import { segmentsOf } from './read.js';

export interface Setting {
  table: RunTable;
  plan: Plan;
  machine: Machine;
  versions: Record<string, string>;
  shard: Shard | null;
  simulated: boolean;
}

/**
 * The segment that runs go to: the journal's last one where nothing has changed, else a new one, which must be asked
 * for: runs of another table or machine are not the same study.
 */
export function openSegment(journal: Journal, setting: Setting, newSegment: boolean): SegmentRecord {
  const last = segmentsOf(journal.records).at(-1);
  const changes = last ? changesSince(last, setting) : [];
  if (last && changes.length > 0 && !newSegment) throw changed(journal.path, changes);
  if (last && changes.length === 0) return last;
  const record = segmentRecord(setting, last ? last.segment + 1 : 0);
  journal.append(record);
  return record;
}

function segmentRecord(setting: Setting, segment: number): SegmentRecord {
  const { table, plan, machine, versions, shard, simulated } = setting;
  return {
    type: 'segment',
    v: 1,
    study: table.name,
    segment,
    at: new Date().toISOString(),
    table,
    tableHash: hashOf(table),
    machine,
    machineHash: machineHash(machine),
    versions,
    cells: plan.cells,
    runs: plan.runs,
    shard,
    simulated,
  };
}

function changesSince(
  last: SegmentRecord,
  { table, machine, versions, shard, simulated }: Setting,
): string[] {
  return [
    ...(last.tableHash === hashOf(table) ? [] : [`the run table (${namesOfChanges(last.table, table)})`]),
    ...(last.machineHash === machineHash(machine)
      ? []
      : [`the machine (${namesOfChanges(last.machine, machine)})`]),
    ...(hashOf(last.versions) === hashOf(versions)
      ? []
      : [`versions (${namesOfChanges(last.versions, versions)})`]),
    ...(hashOf(last.shard) === hashOf(shard) ? [] : ['the shard']),
    ...(last.simulated === simulated ? [] : ['whether the counters are simulated']),
  ];
}

function namesOfChanges(before: object, after: object): string {
  const [a, b] = [before as Record<string, unknown>, after as Record<string, unknown>];
  const names = [...new Set([...Object.keys(a), ...Object.keys(b)])];
  return names.filter((name) => hashOf(a[name] ?? null) !== hashOf(b[name] ?? null)).join(', ');
}

function changed(path: string, changes: readonly string[]): MicrojouleError {
  return new MicrojouleError(
    'not-supported',
    `Since the last run in ${path} there has changed ${changes.join(', and ')}.`,
    'Change it back, begin another folder with --out, or give --new-segment to go on in the same journal.',
  );
}
