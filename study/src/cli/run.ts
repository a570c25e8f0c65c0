import { join } from 'node:path';
import type { MeterOptions } from 'microjoule';
import { readJournal, segmentsOf } from '../journal/read.js';
import { readShard, type Shard } from '../plan/shard.js';
import { refuse } from '../refuse.js';
import { JOURNAL, runStudy } from '../run/study.js';
import { readTableFile } from '../table/read-table.js';
import type { RunTable } from '../types/table.js';
import { METER_OPTIONS, meterOptions, parse } from './arguments.js';
import { DEFAULT_TABLE } from './init.js';
import { untilInterrupted } from './interrupt.js';
import { Progress } from './progress.js';

export const DEFAULT_OUT = 'results';
export const INTERRUPTED = 130;

const OPTIONS = {
  out: { type: 'string' },
  shard: { type: 'string' },
  'new-segment': { type: 'boolean' },
  'compat-2024': { type: 'boolean' },
  ...METER_OPTIONS,
} as const;

export async function run(argv: string[]): Promise<number> {
  const args = parse(argv, OPTIONS, { max: 1 });
  const table = readTableFile(args.positionals[0] ?? DEFAULT_TABLE);
  const shard = args.text('shard');
  return go({
    table: args.flag('compat-2024')
      ? { ...table, compat2024: { ...table.compat2024, enabled: true } }
      : table,
    out: args.text('out') ?? DEFAULT_OUT,
    shard: shard === undefined ? null : readShard(shard),
    newSegment: args.flag('new-segment'),
    meter: meterOptions(args),
  });
}

export async function resume(argv: string[]): Promise<number> {
  const args = parse(argv, { out: { type: 'string' }, ...METER_OPTIONS }, { max: 0 });
  const out = args.text('out') ?? DEFAULT_OUT;
  const last = segmentsOf(readJournal(join(out, JOURNAL))).at(-1);
  if (!last) throw refuse(`The journal in ${out} holds no study yet.`, 'Begin it with microjoule-study run.');
  const { table, shard } = last;
  return go({ table, out, shard, newSegment: false, meter: meterOptions(args) });
}

interface Going {
  table: RunTable;
  out: string;
  shard: Shard | null;
  newSegment: boolean;
  meter: MeterOptions;
}

async function go(options: Going): Promise<number> {
  const progress = new Progress();
  try {
    const reason = await untilInterrupted((signal) => runStudy({ ...options, signal, on: progress.on }));
    return reason === 'interrupted' ? INTERRUPTED : 0;
  } finally {
    progress.end();
  }
}
