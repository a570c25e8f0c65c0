import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { readJournal, runsIn, segmentsOf } from '../journal/read.js';
import { planOf } from '../plan/plan.js';
import { refuse } from '../refuse.js';
import { JOURNAL, runStudy } from '../run/study.js';
import { readTable } from '../table/read-table.js';
import type { RunTable } from '../types/table.js';
import { type Arguments, METER_OPTIONS, meterOptions, parse } from './arguments.js';
import { untilInterrupted } from './interrupt.js';
import { Progress } from './progress.js';
import { type Row, rowOf } from './row.js';
import { INTERRUPTED } from './run.js';
import { json as asJson, table as columns } from './text.js';

const OPTIONS = {
  runtime: { type: 'string' },
  model: { type: 'string' },
  batch: { type: 'string' },
  provider: { type: 'string' },
  source: { type: 'string' },
  'call-path': { type: 'string' },
  'data-path': { type: 'string' },
  threads: { type: 'string' },
  tf32: { type: 'string' },
  fp16: { type: 'string' },
  option: { type: 'string', multiple: true },
  window: { type: 'string' },
  idle: { type: 'string' },
  warmup: { type: 'string' },
  gate: { type: 'string' },
  overhead: { type: 'string' },
  interpreter: { type: 'string' },
  out: { type: 'string' },
  json: { type: 'boolean' },
  ...METER_OPTIONS,
} as const;

/** One cell, one run, one row; 0 only where the run is good. */
export async function cell(argv: string[]): Promise<number> {
  const args = parse(argv, OPTIONS, { max: 0 });
  const table = tableOf(args);
  const given = args.text('out');
  const out = given ?? mkdtempSync(join(tmpdir(), 'microjoule-cell-'));
  try {
    const row = await rowIn(out, table, args);
    if (!row) return INTERRUPTED;
    process.stdout.write(args.flag('json') ? asJson(row) : describeRow(row));
    return row.status === 'ok' ? 0 : 1;
  } finally {
    if (given === undefined) rmSync(out, { recursive: true, force: true });
  }
}

async function rowIn(out: string, table: RunTable, args: Arguments): Promise<Row | undefined> {
  const [planned] = planOf(table).cells;
  if (planned?.impossible) throw refuse(planned.impossible.reason);
  const meter = meterOptions(args);
  const progress = new Progress();
  const options = { table, out, shard: null, newSegment: false, meter, on: progress.on };
  const reason = await untilInterrupted((signal) => runStudy({ ...options, signal })).finally(() =>
    progress.end(),
  );
  if (reason === 'interrupted') return undefined;
  const records = readJournal(join(out, JOURNAL));
  const [record, segment] = [runsIn(records).at(-1), segmentsOf(records).at(-1)];
  if (!record || !segment || !planned) throw new Error('The journal holds no run.');
  return rowOf(planned, record, segment.simulated);
}

/** The flags as a run table, so that they are checked as one. */
function tableOf(args: Arguments): RunTable {
  const [runtime, model] = [args.text('runtime'), args.text('model')];
  if (runtime === undefined || model === undefined) throw refuse('cell needs --runtime and --model.');
  const precision = { tf32: onOff(args, 'tf32'), fp16: onOff(args, 'fp16') };
  const subject = {
    id: 'cell',
    runtime,
    provider: args.text('provider') ?? 'cpu',
    source: args.text('source'),
    callPath: args.text('call-path'),
    dataPath: args.text('data-path'),
    threads: args.count('threads'),
    precision,
    options: optionsOf(args.list('option')),
  };
  const idle = seconds(args, 'idle');
  const interpreter = args.text('interpreter');
  const text = stringify({
    version: 1,
    name: 'cell',
    repetitions: 1,
    models: [model],
    batches: [args.count('batch') ?? 1],
    subjects: [subject],
    protocol: {
      windowSeconds: seconds(args, 'window'),
      idle: { bareSeconds: idle, residentSeconds: idle },
      warmup: { seconds: seconds(args, 'warmup') },
      stability: { timeoutSeconds: seconds(args, 'gate') },
      overheadSeconds: seconds(args, 'overhead'),
    },
    interpreters: interpreter === undefined ? {} : { [runtime]: interpreter },
  });
  return readTable('command line', text);
}

function onOff(args: Arguments, name: string): boolean | undefined {
  const value = args.text(name);
  if (value === undefined) return undefined;
  if (value === 'on' || value === 'off') return value === 'on';
  throw refuse(`--${name} takes on or off, not '${value}'.`);
}

function seconds(args: Arguments, name: string): number | undefined {
  const value = args.text(name);
  if (value === undefined) return undefined;
  if (!/^\d+(\.\d+)?$/.test(value)) throw refuse(`--${name} takes a number of seconds, not '${value}'.`);
  return Number(value);
}

function optionsOf(list: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    list.map((text) => {
      const at = text.indexOf('=');
      if (at <= 0) throw refuse(`--option takes K=V, not '${text}'.`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}

function describeRow(row: Row): string {
  const cells = Object.entries(row).map(([name, value]) => [
    name,
    value === null ? 'not measured' : typeof value === 'object' ? JSON.stringify(value) : String(value),
  ]);
  return `${columns(cells)}\n`;
}
