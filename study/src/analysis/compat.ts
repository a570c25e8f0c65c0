// The 2024 paper's method beside the counters, on the same runs.
import { plainMean } from './mean.js';
import { countedRuns, estimates, type PreparedCell, whyNoRuns } from './prepared.js';
import { mean } from './stats/summary.js';
import type { CompatRow, Reading } from './types.js';

export function compatRows(cells: readonly PreparedCell[]): CompatRow[] {
  return cells.flatMap((cell) => {
    const runs = countedRuns(cell).filter(({ record }) => record.compat2024);
    const [first] = runs;
    if (!first) return [];
    const of = (key: 'gpuJ' | 'cpuJ'): Reading => {
      const values = runs.flatMap(({ record, steady }) => {
        const joules = record.compat2024?.[key];
        return typeof joules === 'number' ? [joules / steady.inferences] : [];
      });
      return values.length > 0 ? plainMean(values) : { notMeasured: whyNot(cell, key) };
    };
    const [gpuJ, cpuJ] = [of('gpuJ'), of('cpuJ')];
    return [
      {
        cell: cell.cell.id,
        n: runs.length,
        gpuJ,
        cpuJ,
        gpuRatio: overCounter(cell, 'gpu', gpuJ),
        cpuRatio: overCounter(cell, 'cpu', cpuJ),
        note: first.record.compat2024?.note ?? '',
      },
    ];
  });
}

function whyNot(cell: PreparedCell, key: 'gpuJ' | 'cpuJ'): string {
  const { found, reason } = estimates(cell, key === 'gpuJ' ? 'gpu' : 'cpu', 'gross', 'run');
  return found.length > 0 || reason === '' ? 'no power could be polled' : reason || whyNoRuns(cell);
}

function overCounter(cell: PreparedCell, sensors: 'gpu' | 'cpu', old: Reading): number | null {
  const { found } = estimates(cell, sensors, 'net', 'inference');
  if (!('value' in old) || found.length === 0) return null;
  const counted = mean(found.map(({ value }) => value));
  return counted === 0 ? null : old.value / counted;
}
