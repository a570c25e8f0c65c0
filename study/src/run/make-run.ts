import { type EnergyReport, type Meter, mark } from 'microjoule';
import type {
  Agreement,
  Compat2024,
  PhaseRecord,
  RunRecord,
  ScopeEnergy,
  SteadyState,
} from '../types/journal.js';
import type { Cell, PlannedRun } from '../types/table.js';
import type { Worker } from '../worker/client.js';
import { WorkerFailure } from '../worker/failure.js';
import { tailFault } from '../worker/honesty.js';
import { agreementOf, comparable, toleranceFor } from './agreement.js';
import { Attempt, isRunFailure } from './attempt.js';
import type { Bench } from './bench.js';
import { compat2024 } from './compat2024.js';
import { causedReport, phaseRecords, scopeEnergies, windowReports, withGrossTerms } from './energies.js';
import type { Phase } from './phases.js';
import { powerSeries } from './power-series.js';
import { requireHonest } from './refused.js';
import { steadyState, type Window } from './steady.js';
import { throwIfInterrupted } from './wait.js';

/** Makes one run and gives its record; throws only where the study cannot go on. */
export async function makeRun(
  bench: Bench,
  cell: Cell,
  planned: PlannedRun,
  sequence: number,
): Promise<RunRecord> {
  const startedAt = new Date().toISOString();
  const meterCpu = meterCpuSeconds(bench.meter);
  const attempt = new Attempt(bench, cell, planned);
  let failure: RunRecord['failure'];
  let status: RunRecord['status'] = 'ok';
  let figures: Partial<Figures> = {};
  try {
    await attempt.make();
    attempt.during = 'energy';
    figures = await figuresOf(bench, attempt);
  } catch (error) {
    if (!isRunFailure(error)) throw error;
    status = error instanceof WorkerFailure && error.code === 'impossible' ? 'impossible' : 'failed';
    failure = { during: attempt.during, reason: error.message, log: attempt.worker?.logTail() ?? [] };
    figures = { phases: await phasesSoFar(bench, attempt) };
  }
  const { hello, load, inputHash, worker, gate, overhead } = attempt;
  return {
    type: 'run',
    v: 1,
    segment: bench.segment,
    id: planned.id,
    cell: planned.cell,
    repetition: planned.repetition,
    sequence,
    startedAt,
    endedAt: new Date().toISOString(),
    status,
    ...(failure ? { failure } : {}),
    ...(hello
      ? {
          worker: {
            hello,
            ...(load ? { load } : {}),
            ...(inputHash === undefined ? {} : { inputHash }),
            pid: (worker as Worker).pid,
          },
        }
      : {}),
    gate,
    temperatureC: null,
    phases: [],
    ...figures,
    ...(overhead ? { overhead } : {}),
    meterCpuSeconds: meterCpuSeconds(bench.meter) - meterCpu,
  };
}

type Figures = Pick<RunRecord, 'phases' | 'temperatureC' | 'timeline'> & {
  steady: SteadyState;
  agreement: Agreement;
  compat2024?: Compat2024;
};

async function figuresOf(bench: Bench, attempt: Attempt): Promise<Figures> {
  const { meter, table } = bench;
  const { residentSeconds } = table.protocol.idle;
  const { list } = attempt.phases;
  const idle = { beforeSeconds: residentSeconds, afterSeconds: residentSeconds };
  const window = attempt.window as Window;
  const steady = attempt.phases.of('steady') as Phase;
  const report = await causedReport(meter, steady, idle);
  const board = attempt.board(report);
  const reports = await windowReports(meter, list);
  const energies = withGrossTerms(
    scopeEnergies(report, board),
    reports[list.indexOf(steady)] as EnergyReport,
  );
  const phases = await withCaused(bench, phaseRecords(list, reports, board, energies), attempt, energies);
  if (board.kind === 'matched') requireHonest(boardTailFault(phases, board.id, attempt.steadySeconds()));
  const whole = await wholeReport(meter, list);
  const device = whole.conditions.devices.find(({ id }) => board.kind === 'matched' && id === board.id);
  return {
    phases,
    steady: await steadyState(meter, window, attempt.cell.batch, { report, energies, board }),
    temperatureC: device?.temperatureC ?? null,
    timeline: powerSeries(whole),
    agreement: await agreement(bench, attempt),
    ...(bench.idle2024
      ? { compat2024: compat2024(report, board.kind === 'matched' ? board.id : undefined, bench.idle2024) }
      : {}),
  };
}

/** In the steady state and the sham, the library's own figure above idle. */
async function withCaused(
  { meter, table }: Bench,
  records: PhaseRecord[],
  attempt: Attempt,
  steady: ScopeEnergy[],
): Promise<PhaseRecord[]> {
  const sham = attempt.phases.of('sham');
  const { residentSeconds } = table.protocol.idle;
  const idle = { beforeSeconds: residentSeconds / 2, afterSeconds: residentSeconds };
  const shamReport = sham && (await causedReport(meter, sham, idle));
  return records.map((record) => {
    if (record.name === 'steady') return { ...record, energies: steady };
    if (record.name === 'sham' && shamReport) {
      return { ...record, energies: scopeEnergies(shamReport, attempt.board(shamReport)) };
    }
    return record;
  });
}

/** Work that goes on after the window was said to be done shows in the board's power. */
function boardTailFault(phases: readonly PhaseRecord[], board: string, seconds: number): string | undefined {
  const energyIn = (name: PhaseRecord['name']) => {
    const phase = phases.find((one) => one.name === name);
    const energy = phase?.energies.find(({ id }) => id === board);
    return phase && energy && { seconds: phase.seconds, ...energy };
  };
  const [steady, after] = [energyIn('steady'), energyIn('idle-resident-after')];
  const idle = energyIn('idle-resident-before');
  if (steady?.status !== 'ok' || !steady.net || !after?.gross || !idle?.gross || after.seconds === 0)
    return undefined;
  const idleW = idle.gross.value / idle.seconds;
  return tailFault(steady.net.value / seconds, after.gross.value / after.seconds - idleW);
}

function wholeReport(meter: Meter, phases: readonly Phase[]): Promise<EnergyReport> {
  const start = phases.reduce((least, phase) => (phase.start < least ? phase.start : least), mark());
  const end = phases.reduce((most, phase) => (phase.end > most ? phase.end : most), start);
  return meter.energy(start, end);
}

async function phasesSoFar({ meter }: Bench, attempt: Attempt): Promise<PhaseRecord[]> {
  const { list } = attempt.phases;
  if (list.length === 0) return [];
  try {
    const reports = await windowReports(meter, list);
    return phaseRecords(list, reports, attempt.board(reports[0] as EnergyReport), []);
  } catch (error) {
    if (!isRunFailure(error)) throw error;
    return [];
  }
}

async function agreement(
  { table, files, signal }: Bench,
  { load, outputs, cell }: Attempt,
): Promise<Agreement> {
  if (!load || !outputs) return { compared: false, reason: 'There are no outputs.' };
  const not = comparable(load);
  if (not) return not;
  try {
    const reference = await files.reference(cell.model, cell.batch);
    return agreementOf(outputs, reference, toleranceFor(load, table.agreement));
  } catch (error) {
    throwIfInterrupted(signal);
    const { message } = error as Error;
    return { compared: false, reason: `The reference outputs could not be made or read: ${message}` };
  }
}

function meterCpuSeconds(meter: Meter): number {
  return meter.statistics().threads.reduce((sum, { cpuMs }) => sum + cpuMs / 1000, 0);
}
