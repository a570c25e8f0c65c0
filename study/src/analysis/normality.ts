import { type PreparedCell, valuesOf } from './prepared.js';
import { shapiroWilk } from './stats/shapiro-wilk.js';
import { NORMALITY_LEVEL } from './stats/two-samples.js';
import type { Group, GroupTests, NormalityRow } from './types.js';

/** Of each cell by what its group is compared by. */
export function normalityRows(groups: readonly Group[], cells: readonly PreparedCell[]): NormalityRow[] {
  const rowsOf = (tests: GroupTests | null): NormalityRow[] =>
    (tests?.cells ?? []).flatMap((id) => {
      const cell = cells.find((one) => one.cell.id === id);
      if (!cell || !tests) return [];
      const values = valuesOf(cell, tests.metric, tests.sensors);
      const result = shapiroWilk(values);
      const normal = result !== null && result.p >= NORMALITY_LEVEL;
      return [{ cell: id, metric: tests.metric, n: values.length, result, normal }];
    });
  return groups.flatMap(({ energy, time }) => [...rowsOf(energy), ...rowsOf(time)]);
}
