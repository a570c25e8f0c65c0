import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { type Conditions, Meter, type MeterOptions, MicrojouleError, mark } from 'microjoule';
import { Journal } from '../journal/journal.js';
import { machineOf } from '../journal/machine.js';
import { runsIn } from '../journal/read.js';
import { openSegment } from '../journal/segment.js';
import { planOf } from '../plan/plan.js';
import { runsOf, type Shard } from '../plan/shard.js';
import { refuse, writing } from '../refuse.js';
import type { EndRecord, PhaseName, RunRecord, SegmentRecord } from '../types/journal.js';
import type { Cell, Plan, PlannedRun, RunTable, Runtime } from '../types/table.js';
import { versions } from '../version.js';
import { Worker } from '../worker/client.js';
import { workerCommand } from '../worker/command.js';
import { WorkerFailure } from '../worker/failure.js';
import type { Bench } from './bench.js';
import { idle2024 } from './compat2024.js';
import { endLeftover, noteWorker } from './leftover.js';
import { makeRun } from './make-run.js';
import { requireRoom, requireUnspoilt } from './room.js';
import { StudyFiles } from './study-files.js';
import { Interrupted } from './wait.js';

export const JOURNAL = 'journal.ndjson';
/** Runs with long idle times are resolved from their first second on. */
const HISTORY_SECONDS = 3600;

export interface StudyOptions {
  table: RunTable;
  /** Folder of the journal, logs and files made on the way. */
  out: string;
  shard: Shard | null;
  newSegment: boolean;
  meter: MeterOptions;
  signal: AbortSignal;
  on: (event: StudyEvent) => void;
}

export type StudyEvent =
  | { type: 'begin'; meter: Meter; done: number; runs: readonly PlannedRun[]; table: RunTable }
  | { type: 'run'; run: PlannedRun; index: number; of: number }
  | { type: 'phase'; phase: PhaseName | 'gate' | 'cool-down' | 'files' | 'idle-2024' }
  | { type: 'record'; record: RunRecord };

/** Before anything starts: an environment that is missing would fail run after run. */
function requireInterpreters(table: RunTable): void {
  const runtimes = [
    ...new Set(planOf(table).cells.flatMap((c) => (c.impossible ? [] : [c.subject.runtime]))),
  ];
  const missing = runtimes.flatMap((runtime) => workerCommand(runtime, table.interpreters).missing ?? []);
  if (missing.length === 0) return;
  throw new MicrojouleError(
    'library-not-found',
    missing.map(({ reason }) => reason).join(' '),
    `${missing.map(({ remedy }) => remedy).join('\n')}\nOr leave its cells out with exclude.`,
  );
}

/** Makes all runs that the journal does not hold yet. */
export async function runStudy(options: StudyOptions): Promise<EndRecord['reason']> {
  requireInterpreters(options.table);
  const out = resolve(options.out);
  const logs = join(out, 'logs');
  writing(logs, () => mkdirSync(logs, { recursive: true }));
  const journal = await Journal.open(join(out, JOURNAL));
  try {
    endLeftover(join(out, 'worker.json'));
    const meter = await Meter.open({ historySeconds: HISTORY_SECONDS, ...sampling(options) });
    try {
      return await runOn({ ...options, out }, journal, meter);
    } finally {
      await meter.close();
    }
  } finally {
    journal.close();
  }
}

const sampling = ({ meter }: StudyOptions): MeterOptions => ({ ownWork: 'tree', ...meter });

async function runOn(options: StudyOptions, journal: Journal, meter: Meter): Promise<EndRecord['reason']> {
  const { table, shard, out } = options;
  const plan = planOf(table);
  const { conditions } = await meter.energy(mark(), mark(), { timeoutMs: 0 });
  const env = visible(options, conditions);
  const machine = machineOf(conditions, meter.driver);
  const setting = { table, plan, machine, versions: versions(), shard, simulated: meter.simulated };
  const segment = openSegment(journal, setting, options.newSegment);
  const runs = runsOf(plan, shard);
  const bench = makeBench(options, meter, journal, segment, env);
  let reason: EndRecord['reason'] = 'done';
  try {
    await allRuns({ options, journal, bench, plan, runs, meter });
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    reason = 'interrupted';
  }
  endLeftover(join(out, 'worker.json'));
  journal.append({ type: 'end', v: 1, segment: segment.segment, at: new Date().toISOString(), reason });
  return reason;
}

interface AllRuns {
  options: StudyOptions;
  journal: Journal;
  bench: Bench;
  plan: Plan;
  runs: readonly PlannedRun[];
  meter: Meter;
}

async function allRuns({ options, journal, bench, plan, runs, meter }: AllRuns): Promise<void> {
  const { table, on, signal, out } = options;
  const done = new Set(runsOfSegment(journal, bench.segment).map(({ id }) => id));
  const left = runs.filter(({ id }) => !done.has(id));
  on({ type: 'begin', meter, done: runs.length - left.length, runs, table });
  if (left.length > 0 && table.compat2024.enabled && !bench.idle2024) {
    on({ type: 'phase', phase: 'idle-2024' });
    const { compat2024, protocol } = table;
    bench.idle2024 = await idle2024(meter, compat2024.idleSeconds, protocol.stability, signal);
  }
  for (const run of left) {
    if (signal.aborted) throw new Interrupted();
    requireRoom(out);
    on({ type: 'run', run, index: runs.indexOf(run), of: runs.length });
    const sequence = runsIn(journal.records).length;
    const cell = plan.cells.find(({ id }) => id === run.cell) as Cell;
    const record =
      impossibleAgain(journal, bench.segment, run, sequence) ?? (await makeRun(bench, cell, run, sequence));
    requireUnspoilt(record, out);
    journal.append(record);
    on({ type: 'record', record });
  }
}

const runsOfSegment = (journal: Journal, segment: number): RunRecord[] =>
  runsIn(journal.records).filter((record) => record.segment === segment);

/** A cell that its runtime has found impossible here is not tried again: the reason stands for all repetitions. */
function impossibleAgain(
  journal: Journal,
  segment: number,
  run: PlannedRun,
  sequence: number,
): RunRecord | undefined {
  const before = runsOfSegment(journal, segment).find(
    ({ cell, status }) => cell === run.cell && status === 'impossible',
  );
  if (!before) return undefined;
  const at = new Date().toISOString();
  const { id, repetition } = run;
  return {
    ...before,
    id,
    repetition,
    sequence,
    startedAt: at,
    endedAt: at,
    phases: [],
    gate: null,
    meterCpuSeconds: null,
  };
}

function makeBench(
  options: StudyOptions,
  meter: Meter,
  journal: Journal,
  segment: SegmentRecord,
  env: Record<string, string>,
): Bench {
  const { table, out, signal, on } = options;
  const earlier = runsOfSegment(journal, segment.segment);
  let latest: Worker | undefined;
  signal.addEventListener('abort', () => latest?.kill(), { once: true });
  const start = async (runtime: Runtime, name: string) => {
    latest = await startWorker(table, out, runtime, name, env);
    if (signal.aborted) latest.kill();
    return latest;
  };
  return {
    table,
    meter,
    files: new StudyFiles(out, table, start),
    start,
    openSecond: () => Meter.open(sampling(options)),
    segment: segment.segment,
    baselineC: earlier.find(({ gate }) => gate)?.gate?.temperatureC ?? null,
    idle2024: undefined,
    signal,
    onPhase: (phase) => on({ type: 'phase', phase }),
  };
}

/** A study on one of several GPUs shows its workers no other one. */
function visible({ meter }: StudyOptions, { devices }: Conditions): Record<string, string> {
  if (meter.devices === undefined) return {};
  const [only] = devices;
  if (only) return { CUDA_VISIBLE_DEVICES: only.uuid };
  throw refuse(`There is no GPU ${meter.devices.join(', ')} here that can be metered.`, 'Leave out --gpu.');
}

async function startWorker(
  table: RunTable,
  out: string,
  runtime: Runtime,
  name: string,
  env: Record<string, string>,
): Promise<Worker> {
  const { program, args, missing } = workerCommand(runtime, table.interpreters);
  if (missing) throw new WorkerFailure('not-installed', `${missing.reason} ${missing.remedy}`);
  const log = join(out, 'logs', `${name.replaceAll('/', '_')}.log`);
  const worker = await Worker.start({ program, args, cwd: out, log, env });
  noteWorker(join(out, 'worker.json'), worker.pid);
  return worker;
}
