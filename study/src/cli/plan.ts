import { estimateSeconds } from '../plan/estimate.js';
import { planOf } from '../plan/plan.js';
import { readShard, runsOf } from '../plan/shard.js';
import { readTableFile } from '../table/read-table.js';
import type { Cell, PlannedRun, RunTable } from '../types/table.js';
import { parse } from './arguments.js';
import { DEFAULT_TABLE } from './init.js';
import { table as columns, duration, json } from './text.js';

export async function plan(argv: string[]): Promise<number> {
  const args = parse(argv, { json: { type: 'boolean' }, shard: { type: 'string' } }, { max: 1 });
  const table = readTableFile(args.positionals[0] ?? DEFAULT_TABLE);
  const shardText = args.text('shard');
  const shard = shardText === undefined ? null : readShard(shardText);
  const planned = planOf(table);
  const runs = runsOf(planned, shard);
  const estimatedSeconds = estimateSeconds(table, runs);
  const { cells } = planned;
  const { name, seed } = table;
  process.stdout.write(
    args.flag('json')
      ? json({ study: name, seed, cells, runs, estimatedSeconds })
      : describePlan(table, cells, runs, estimatedSeconds),
  );
  return 0;
}

function describePlan(
  table: RunTable,
  cells: readonly Cell[],
  runs: readonly PlannedRun[],
  seconds: number,
): string {
  const possible = cells.filter(({ impossible }) => !impossible);
  const left = cells.flatMap(({ id, impossible }) => (impossible ? [[`  ${id}`, impossible.reason]] : []));
  const lines = [
    `${table.name}: ${cells.length} cells, ${table.repetitions} repetitions, seed ${table.seed}`,
    '',
    `To run (${possible.length})`,
    columns(possible.map((cell) => [`  ${cell.id}`, describeSubject(cell)])),
    ...(left.length > 0 ? ['', `Left out (${left.length})`, columns(left)] : []),
    '',
    `${runs.length} runs, about ${duration(seconds)}; engine builds and slow models take longer.`,
  ];
  return `${lines.join('\n')}\n`;
}

function describeSubject({ subject, null: isNull }: Cell): string {
  const { runtime, provider, source, callPath, dataPath, precision, threads } = subject;
  return [
    `${runtime} on ${provider}`,
    source ? `${source} file` : undefined,
    callPath,
    dataPath,
    ...Object.entries(precision ?? {}).map(([name, on]) => `${name} ${on ? 'on' : 'off'}`),
    threads === undefined ? undefined : `${threads} threads`,
    isNull ? 'null run' : undefined,
  ]
    .filter((part) => part !== undefined)
    .join(', ');
}
