// The 2024 paper's method beside the counters, on the same runs.
import { plainMean } from './mean.js';
import {
  countedRuns,
  estimates,
  type PreparedCell,
  type PreparedRun,
  perInference,
  whyNoRuns,
} from './prepared.js';
import { mean, quantile } from './stats/summary.js';
import type { CompatRow, Reading } from './types.js';

/** An idle power above so many times what the board takes idle before its runs is that of some work. */
const MOST_IDLE = 1.5;

export function compatRows(cells: readonly PreparedCell[]): CompatRow[] {
  const made = cells.flatMap(madeTheOldWay);
  const segments = [...new Set(made.map(({ record }) => record.segment))];
  const faults = new Map(segments.map((segment) => [segment, idleFault(segment, made)]));
  const notes = [...faults.values()].filter((fault) => fault !== null);
  return cells.flatMap((cell) => {
    const all = madeTheOldWay(cell);
    const [first] = all;
    if (!first) return [];
    const runs = all.filter(({ record }) => !faults.get(record.segment));
    const of = (key: 'gpuJ' | 'cpuJ'): Reading => {
      const values = runs.flatMap(({ record, steady }) => {
        const joules = record.compat2024?.[key];
        return typeof joules === 'number' ? [joules / steady.inferences] : [];
      });
      if (values.length > 0) return plainMean(values);
      return { notMeasured: runs.length === 0 ? notes.join(' ') : whyNot(cell, key) };
    };
    const [gpuJ, cpuJ] = [of('gpuJ'), of('cpuJ')];
    return [
      {
        cell: cell.cell.id,
        n: runs.length,
        gpuJ,
        cpuJ,
        gpuRatio: overCounter(runs, 'gpu', gpuJ),
        cpuRatio: overCounter(runs, 'cpu', cpuJ),
        note: [first.record.compat2024?.note ?? '', ...notes].join(' '),
      },
    ];
  });
}

const madeTheOldWay = (cell: PreparedCell): PreparedRun[] =>
  countedRuns(cell).filter(({ record }) => record.compat2024);

/** Nothing in that method sees that its idle time was none: the idle before each run does. */
function idleFault(segment: number, made: readonly PreparedRun[]): string | null {
  const runs = made.filter(({ record }) => record.segment === segment);
  const bare = runs.flatMap(({ record }) => bareIdleW(record) ?? []);
  const idleW = runs[0]?.record.compat2024?.idleGpuW;
  if (bare.length === 0 || typeof idleW !== 'number') return null;
  const bareW = quantile(bare, 0.5);
  if (idleW <= MOST_IDLE * bareW) return null;
  const [old, own] = [idleW, bareW].map((watts) => watts.toFixed(0));
  return `Runs of segment ${segment} are left out: their idle of ${old} W, taken once, is not what the board takes idle before each of them (${own} W), so that something ran meanwhile.`;
}

function bareIdleW({ phases, steady }: PreparedRun['record']): number | null {
  const phase = phases.find(({ name }) => name === 'idle-bare-before');
  const board = steady?.energies.find(({ scope }) => scope === 'board')?.id;
  const energy = phase?.energies.find(({ id, status }) => id === board && status === 'ok');
  return phase && energy?.gross ? energy.gross.value / phase.seconds : null;
}

function whyNot(cell: PreparedCell, key: 'gpuJ' | 'cpuJ'): string {
  const { found, reason } = estimates(cell, key === 'gpuJ' ? 'gpu' : 'cpu', 'gross', 'run');
  return found.length > 0 || reason === '' ? 'no power could be polled' : reason || whyNoRuns(cell);
}

/** Over the same runs. */
function overCounter(runs: readonly PreparedRun[], sensors: 'gpu' | 'cpu', old: Reading): number | null {
  const found = runs.flatMap((run) => perInference(run, 'net', sensors)?.value ?? []);
  if (!('value' in old) || found.length === 0) return null;
  const counted = mean(found);
  return counted === 0 ? null : old.value / counted;
}
