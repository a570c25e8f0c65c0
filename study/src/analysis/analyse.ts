import { runsIn } from '../journal/read.js';
import type { JournalRecord, RunRecord } from '../types/journal.js';
import { breakEvens } from './break-even.js';
import { cellResult } from './cell.js';
import { failedChecks, failedRuns } from './checks.js';
import { compatRows } from './compat.js';
import { correlations } from './correlations.js';
import { exclude } from './exclude.js';
import { findings } from './findings.js';
import { energyTests, timeTests } from './group.js';
import { labelsOf } from './names.js';
import { normalityRows } from './normality.js';
import { overheadRow } from './overhead.js';
import { type PreparedCell, type PreparedRun, prepare } from './prepared.js';
import { readingRows } from './readings.js';
import type { RunEnergy } from './run-energy.js';
import { type Selection, selectRuns } from './select-runs.js';
import type { Analysis, Group, RunRow, Sensors } from './types.js';

/** Everything that the records of a journal tell, as plain data; reads nothing else. */
export function analyseRecords(records: readonly JournalRecord[]): Analysis {
  const selection = selectRuns(records);
  const { segment, segments, runs } = selection;
  const { table } = segment;
  const cells = prepareCells(selection);
  const excluded = [...selection.duplicates, ...exclude(cells, table.outliers)];
  const results = cells.map(cellResult);
  const ranked = cells.filter((_, i) => results[i]?.ranked);
  const groups = groupsOf(ranked, cells);
  const plannedRuns = [...selection.plannedRuns.values()].reduce((sum, count) => sum + count, 0);
  return {
    v: 1,
    study: segment.study,
    simulated: segments.some(({ simulated }) => simulated),
    table,
    tableHash: segment.tableHash,
    machines: distinct(segments, ({ machineHash }) => machineHash).map(({ machine }) => machine),
    versions: segment.versions,
    shards: distinct(segments, ({ shard }) => JSON.stringify(shard)).flatMap(({ shard }) => shard ?? []),
    from: earliest(runs, 'startedAt'),
    to: latest(runs, 'endedAt'),
    complete: runs.length >= plannedRuns,
    plannedRuns,
    cells: results,
    runs: cells.flatMap((cell) => cell.runs.map(rowOf)),
    excluded,
    failures: failedRuns(runs),
    checks: failedChecks(cells),
    normality: normalityRows(groups, cells),
    groups,
    correlations: correlations(ranked),
    findings: findings(cells, groups, table.batches),
    breakEven: breakEvens(ranked, runsIn(records)),
    compat2024: compatRows(cells.filter(({ cell }) => !cell.null)),
    readings: readingRows(groups, cells),
    overhead: cells.flatMap((cell) => overheadRow(cell) ?? []),
    notes: selection.notes,
  };
}

function prepareCells({ segment, segments, cells, plannedRuns, runs }: Selection): PreparedCell[] {
  const labels = labelsOf(segment.table.subjects);
  const machines = new Map(segments.map((one) => [one.segment, one.machineHash]));
  const machineOf = (run: RunRecord) => machines.get(run.segment) ?? '';
  return cells.map((cell) => {
    const label = labels.get(cell.subject.id) ?? cell.subject.id;
    const name = cell.null ? `${label} (null run)` : label;
    return prepare(cell, name, plannedRuns.get(cell.id) ?? 0, runs, machineOf);
  });
}

function groupsOf(ranked: readonly PreparedCell[], all: readonly PreparedCell[]): Group[] {
  return distinct(all, ({ cell }) => `${cell.model}/${cell.batch}`).map(({ cell: { model, batch } }) => {
    const own = ranked.filter(({ cell }) => cell.model === model && cell.batch === batch);
    return { model, batch, energy: energyTests(own, all), time: timeTests(own, all) };
  });
}

function rowOf({ record, steady, energy, excluded }: PreparedRun): RunRow {
  return {
    id: record.id,
    cell: record.cell,
    repetition: record.repetition,
    sequence: record.sequence,
    segment: record.segment,
    inferences: steady.inferences,
    seconds: steady.seconds,
    energy: { total: both(energy, 'total'), gpu: both(energy, 'gpu'), cpu: both(energy, 'cpu') },
    gpuUtilPercent: steady.meanGpuUtilisationPercent,
    gpuMemUtilPercent: steady.meanGpuMemoryUtilisationPercent,
    latencyP50Ms: steady.latencyMs.p50,
    latencyP99Ms: steady.latencyMs.p99,
    cpuSeconds: steady.cpuSeconds,
    excluded,
  };
}

function both(energy: RunEnergy, sensors: Sensors) {
  const { gross, net } = energy[sensors];
  return { gross: gross.ok ? gross.estimate.value : null, net: net.ok ? net.estimate.value : null };
}

function distinct<T>(values: readonly T[], keyOf: (value: T) => string): T[] {
  return [...new Map([...values].reverse().map((value) => [keyOf(value), value])).values()].reverse();
}

const earliest = (runs: readonly RunRecord[], key: 'startedAt') =>
  runs.map((run) => run[key]).reduce<string | null>((a, b) => (a === null || b < a ? b : a), null);

const latest = (runs: readonly RunRecord[], key: 'endedAt') =>
  runs.map((run) => run[key]).reduce<string | null>((a, b) => (a === null || b > a ? b : a), null);
