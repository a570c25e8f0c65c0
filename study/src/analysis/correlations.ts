// Energy and time over cells, each cell once by its means: runs of one cell are no independent observations.
import type { PreparedCell } from './prepared.js';
import { meanPerInference } from './ratio.js';
import { spearman } from './stats/spearman.js';
import type { Basis, CorrelationRow, Sensors } from './types.js';

export function correlations(ranked: readonly PreparedCell[]): CorrelationRow[] {
  const models = [...new Set(ranked.map(({ cell }) => cell.model))];
  const subsets = [
    { of: 'all', cells: ranked },
    ...models.map((model) => ({ of: model, cells: ranked.filter(({ cell }) => cell.model === model) })),
  ];
  return subsets.flatMap(({ of, cells }) =>
    (['total', 'gpu', 'cpu'] as const).flatMap((sensors) =>
      (['net', 'gross'] as const).flatMap((basis) => rowOf(of, cells, sensors, basis)),
    ),
  );
}

function rowOf(of: string, cells: readonly PreparedCell[], sensors: Sensors, basis: Basis): CorrelationRow[] {
  const points = cells.flatMap((cell) => {
    const energy = meanPerInference(cell, basis, sensors);
    const time = meanPerInference(cell, 'time', null);
    return energy && time ? [{ energy: energy.value, time: time.value }] : [];
  });
  if (points.length === 0) return [];
  const result = spearman(
    points.map(({ energy }) => energy),
    points.map(({ time }) => time),
  );
  return [{ of, sensors, basis, n: points.length, result }];
}
