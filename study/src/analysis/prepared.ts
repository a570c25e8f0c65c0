// A cell with its runs, energies resolved and rows excluded: what everything else is made from.
import type { RunRecord, SteadyState } from '../types/journal.js';
import type { Cell } from '../types/table.js';
import { type RunEnergy, runEnergy } from './run-energy.js';
import { type Estimate, scaled } from './term.js';
import type { Basis, Metric, Sensors } from './types.js';

export interface PreparedRun {
  record: RunRecord;
  steady: SteadyState;
  energy: RunEnergy;
  /** Which machine, and which GPUs of it, made the run. */
  machine: string;
  /** Why it does not count. */
  excluded: string | null;
}

export interface PreparedCell {
  cell: Cell;
  label: string;
  planned: number;
  records: RunRecord[];
  /** Runs that ended well. */
  runs: PreparedRun[];
}

export function prepare(
  cell: Cell,
  label: string,
  planned: number,
  records: readonly RunRecord[],
  machineOf: (run: RunRecord) => string,
): PreparedCell {
  const own = records.filter((record) => record.cell === cell.id);
  const runs = own.flatMap((record) =>
    record.status === 'ok' && record.steady && record.steady.inferences > 0
      ? [
          {
            record,
            steady: record.steady,
            energy: runEnergy(record, record.steady),
            machine: machineOf(record),
            excluded: null,
          },
        ]
      : [],
  );
  return { cell, label, planned, records: own, runs };
}

export const countedRuns = ({ runs }: PreparedCell): PreparedRun[] => runs.filter((run) => !run.excluded);

/** Readings of the runs that count: of energy those that have it. */
export function estimates(
  cell: PreparedCell,
  sensors: Sensors,
  basis: Basis,
  per: 'run' | 'inference',
): { found: Estimate[]; reason: string } {
  const counted = countedRuns(cell);
  const readings = counted.map((run) => ({ run, reading: run.energy[sensors][basis] }));
  const found = readings.flatMap(({ run, reading }) =>
    reading.ok ? [scaled(reading.estimate, per === 'run' ? 1 : 1 / run.steady.inferences)] : [],
  );
  const failed = readings.find(({ reading }) => !reading.ok)?.reading;
  const reason = failed && !failed.ok ? failed.reason : whyNoRuns(cell);
  return { found, reason };
}

export function whyNoRuns({ cell, records, runs }: PreparedCell): string {
  if (cell.impossible) return cell.impossible.reason;
  if (records.length === 0) return 'not run';
  if (runs.length === 0) return 'no run ended well';
  return 'all runs are excluded';
}

/** By what cells are compared, of one run; null: it was not measured. */
export function perInference(run: PreparedRun, metric: Metric, sensors: Sensors | null): Estimate | null {
  const { steady, energy } = run;
  if (metric === 'time') return { value: steady.seconds / steady.inferences, terms: [], gains: [] };
  const reading = sensors && energy[sensors][metric];
  return reading?.ok ? scaled(reading.estimate, 1 / steady.inferences) : null;
}

/** The same of all runs that count and have it: J or s an inference. */
export const valuesOf = (cell: PreparedCell, metric: Metric, sensors: Sensors | null): number[] =>
  countedRuns(cell).flatMap((run) => perInference(run, metric, sensors)?.value ?? []);
