import { join } from 'node:path';
import { readJournal, runsIn, segmentsOf } from '../journal/read.js';
import { runsOf } from '../plan/shard.js';
import { JOURNAL } from '../run/study.js';
import type { JournalRecord, RunRecord, SegmentRecord } from '../types/journal.js';
import { parse } from './arguments.js';
import { DEFAULT_OUT } from './run.js';
import { table as columns, json } from './text.js';

interface SegmentStatus {
  segment: number;
  study: string;
  machine: string;
  shard: string | null;
  simulated: boolean;
  planned: number;
  ok: number;
  failed: number;
  impossible: number;
  left: number;
  failures: { run: string; during: string; reason: string }[];
  lastEnd: string | null;
}

export async function status(argv: string[]): Promise<number> {
  const args = parse(argv, { out: { type: 'string' }, json: { type: 'boolean' } }, { max: 0 });
  const records = readJournal(join(args.text('out') ?? DEFAULT_OUT, JOURNAL));
  const all = segmentsOf(records).map((segment) => statusOf(segment, records));
  process.stdout.write(args.flag('json') ? json(all) : describeStatus(all));
  return 0;
}

function statusOf(segment: SegmentRecord, records: readonly JournalRecord[]): SegmentStatus {
  const runs = runsIn(records).filter((run) => run.segment === segment.segment);
  const planned = runsOf(segment, segment.shard);
  const count = (status: RunRecord['status']) => runs.filter((run) => run.status === status).length;
  const ends = records.flatMap((one) => (one.type === 'end' && one.segment === segment.segment ? [one] : []));
  const { shard, study, machine, simulated } = segment;
  return {
    segment: segment.segment,
    study,
    machine: machine.hostname,
    shard: shard && `${shard.index}/${shard.of}`,
    simulated,
    planned: planned.length,
    ok: count('ok'),
    failed: count('failed'),
    impossible: count('impossible'),
    left: planned.length - runs.length,
    failures: runs.flatMap(({ id, failure, status }) =>
      failure && status === 'failed' ? [{ run: id, during: failure.during, reason: failure.reason }] : [],
    ),
    lastEnd: ends.at(-1)?.reason ?? null,
  };
}

function describeStatus(all: readonly SegmentStatus[]): string {
  const head = ['segment', 'study', 'machine', 'shard', 'planned', 'ok', 'failed', 'impossible', 'left'];
  const rows = all.map((one) => [
    `${one.segment}${one.simulated ? ' SIMULATED' : ''}`,
    one.study,
    one.machine,
    one.shard ?? '-',
    ...[one.planned, one.ok, one.failed, one.impossible, one.left].map(String),
  ]);
  const failures = all.flatMap(({ failures }) => failures.map((f) => [`  ${f.run}`, f.during, f.reason]));
  return `${columns([head, ...rows])}\n${failures.length > 0 ? `\nFailed\n${columns(failures)}\n` : ''}`;
}
