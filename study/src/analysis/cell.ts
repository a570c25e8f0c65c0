// One row of the main table.
import type { RunRecord, ScopeEnergy, SteadyState } from '../types/journal.js';
import { meanOf, plainMean, readingOf } from './mean.js';
import { countedRuns, estimates, type PreparedCell, type PreparedRun, whyNoRuns } from './prepared.js';
import { boardsOf, processorOf } from './run-energy.js';
import { scaled } from './term.js';
import type { Basis, CellResult, CellStatus, EnergyReadings, Reading, Sensors } from './types.js';

export function cellResult(prepared: PreparedCell): CellResult {
  const { cell, label, planned, records, runs } = prepared;
  const { subject } = cell;
  const counted = countedRuns(prepared);
  const [first] = counted;
  const { status, reason } = statusOf(prepared);
  const mean = (pick: (run: PreparedRun) => number | null | undefined, missing: string): Reading => {
    const values = counted.map(pick).filter((value) => typeof value === 'number');
    return values.length > 0
      ? plainMean(values)
      : { notMeasured: counted.length > 0 ? missing : whyNoRuns(prepared) };
  };
  return {
    id: cell.id,
    subject: subject.id,
    label,
    model: cell.model,
    batch: cell.batch,
    runtime: subject.runtime,
    provider: subject.provider,
    source: subject.runtime === 'onnxruntime' ? (subject.source ?? 'built-in') : null,
    callPath: first?.record.worker?.load?.callPath ?? subject.callPath ?? null,
    null: cell.null,
    status,
    reason,
    ranked: status === 'ok' && !cell.null,
    notes: notesOf(prepared),
    planned,
    n: counted.length,
    excluded: runs.length - counted.length,
    failed: records.filter((run) => run.status === 'failed').length,
    energy: readings(prepared, 'run'),
    perInference: readings(prepared, 'inference'),
    idleW: { gpu: idleOf(prepared, 'gpu'), cpu: idleOf(prepared, 'cpu') },
    meanGpuPowerW: meanGpuPower(prepared),
    meanGpuUtilPercent: mean(
      ({ steady }) => (onGpu(prepared) ? steady.meanGpuUtilisationPercent : null),
      gpuMissing(prepared),
    ),
    meanGpuMemUtilPercent: mean(
      ({ steady }) => (onGpu(prepared) ? steady.meanGpuMemoryUtilisationPercent : null),
      gpuMissing(prepared),
    ),
    elapsedSeconds: mean(({ steady }) => steady.seconds, ''),
    secondsPerInference: mean(({ steady }) => steady.seconds / steady.inferences, ''),
    inferencesPerSecond: mean(({ steady }) => steady.inferences / steady.seconds, ''),
    latencyMs: {
      p50: mean(({ steady }) => steady.latencyMs.p50, ''),
      p99: mean(({ steady }) => steady.latencyMs.p99, ''),
      each: first ? first.steady.latencyMs.each : null,
    },
    cpuSecondsPerInference: mean(
      ({ steady }) => (steady.cpuSeconds === null ? null : steady.cpuSeconds / steady.inferences),
      "the processes' own time could not be read",
    ),
    versions: first?.record.worker?.hello.versions ?? {},
  };
}

function statusOf({ cell, records, runs }: PreparedCell): { status: CellStatus; reason: string | null } {
  if (cell.impossible) return { status: 'impossible', reason: cell.impossible.reason };
  if (records.length === 0) return { status: 'not-run', reason: 'Not run so far.' };
  if (runs.length === 0) {
    const impossible = records.find((run) => run.status === 'impossible');
    const last = impossible ?? (records.at(-1) as (typeof records)[number]);
    const reason = last.failure?.reason ?? 'It ended without a steady state.';
    return { status: impossible ? 'impossible' : 'failed', reason };
  }
  const wrong = runs.find(({ record }) => record.agreement?.agrees === false)?.record;
  if (!wrong) return { status: 'ok', reason: null };
  const { error, tolerance } = wrong.agreement ?? {};
  const far = error === undefined ? '' : `: ${error.toPrecision(2)} of the largest value`;
  const limit = tolerance === undefined ? '' : `, ${tolerance.toPrecision(2)} is allowed`;
  return { status: 'disagrees', reason: `Its outputs differ from the reference${far}${limit}.` };
}

function notesOf({ records, runs, planned, cell }: PreparedCell): string[] {
  const notes: string[] = [];
  const agreement = runs[0]?.record.agreement;
  if (agreement && !agreement.compared) {
    notes.push(`Outputs were not compared: ${agreement.reason ?? 'no reference'}.`);
  }
  if (runs.some(({ record }) => record.worker?.load?.weights === 'own')) {
    notes.push('The weights are the runtime’s own.');
  }
  if (!cell.impossible && records.length > 0 && records.length < planned) {
    notes.push(`${records.length} of ${planned} runs have been made.`);
  }
  return notes;
}

function readings(prepared: PreparedCell, per: 'run' | 'inference'): EnergyReadings {
  const one = (sensors: Sensors, basis: Basis): Reading => {
    const { found, reason } = estimates(prepared, sensors, basis, per);
    if (found.length === 0) return { notMeasured: reason };
    return readingOf(meanOf(found, prepared.cell.id), found.length);
  };
  const both = (sensors: Sensors) => ({ gross: one(sensors, 'gross'), net: one(sensors, 'net') });
  return { total: both('total'), gpu: both('gpu'), cpu: both('cpu') };
}

const onGpu = ({ cell }: PreparedCell) => cell.subject.provider !== 'cpu';

const gpuMissing = (prepared: PreparedCell) =>
  onGpu(prepared) ? 'the driver did not tell' : 'not used: the model ran on the processor';

function meanGpuPower(prepared: PreparedCell): Reading {
  const counted = countedRuns(prepared);
  const found = counted.flatMap(({ energy, steady }) =>
    energy.gpu.gross.ok ? [scaled(energy.gpu.gross.estimate, 1 / steady.seconds)] : [],
  );
  if (found.length > 0) return readingOf(meanOf(found, prepared.cell.id), found.length);
  return { notMeasured: estimates(prepared, 'gpu', 'gross', 'run').reason };
}

/** Levels that were subtracted, with the scatter between runs. */
export function idleOf(prepared: PreparedCell, sensors: Sensors): Reading {
  const counted = countedRuns(prepared);
  const [first] = counted;
  if (!first) return { notMeasured: whyNoRuns(prepared) };
  const levels = counted.flatMap(({ record, steady }) => {
    const scopes = scopesOf(record, steady, sensors);
    if (!Array.isArray(scopes) || scopes.length === 0) return [];
    const values = scopes.map(({ idleW }) => idleW?.value).filter((value) => value !== undefined);
    return values.length === scopes.length ? [values.reduce((a, b) => a + b, 0)] : [];
  });
  if (levels.length > 0) return plainMean(levels);
  const reading = first.energy[sensors].net;
  return { notMeasured: reading.ok ? 'no idle level was found' : reading.reason };
}

function scopesOf(
  record: RunRecord,
  steady: SteadyState,
  sensors: Sensors,
): ScopeEnergy[] | { reason: string } {
  const boards = boardsOf(record, steady);
  const processor = processorOf(steady.energies);
  if (sensors === 'cpu') return processor;
  if (!Array.isArray(boards)) return sensors === 'total' && boards.unused ? processor : boards;
  return sensors === 'gpu' ? boards : [...boards, ...processor];
}
