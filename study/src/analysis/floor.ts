// The null run: the same cell under two names. What it shows of a difference is the method's own, and the floor below
// which nothing is called a difference.
import { contrast } from './contrast.js';
import type { PreparedCell } from './prepared.js';
import type { Floor, Metric, Ratio, Sensors } from './types.js';

interface NullPair {
  model: string;
  batch: number;
  floor: Omit<Floor, 'from'>;
}

/** Of every null run with a reading, by this metric and these sensors. */
export function nullPairs(
  cells: readonly PreparedCell[],
  metric: Metric,
  sensors: Sensors | null,
): NullPair[] {
  return cells.flatMap((twin) => {
    const { cell } = twin;
    if (!cell.null) return [];
    const original = cells.find(
      ({ cell: other }) =>
        !other.null &&
        other.subject.id === cell.subject.id &&
        other.model === cell.model &&
        other.batch === cell.batch,
    );
    const ratio = original && contrast(original, twin, metric, sensors);
    if (!ratio) return [];
    const pair = `${original.cell.id} against ${cell.id}`;
    return [{ model: cell.model, batch: cell.batch, floor: { relative: reachOf(ratio), pair, ratio } }];
  });
}

const reachOf = ({ ratio, lo, hi }: Ratio): number =>
  Math.max(
    Math.abs(ratio - 1),
    Math.abs((lo ?? Number.POSITIVE_INFINITY) - 1),
    Math.abs((hi ?? Number.POSITIVE_INFINITY) - 1),
  );

/** Of this group, or the largest of the study where the group has no null run. */
export function floorFor(pairs: readonly NullPair[], model: string, batch: number): Floor | null {
  const usable = pairs.filter(({ floor }) => Number.isFinite(floor.relative));
  const largest = (some: readonly NullPair[], from: Floor['from']): Floor | null => {
    const [first, ...rest] = some;
    if (!first) return null;
    const { floor } = rest.reduce((a, b) => (b.floor.relative > a.floor.relative ? b : a), first);
    return { ...floor, from };
  };
  return (
    largest(
      usable.filter((pair) => pair.model === model && pair.batch === batch),
      'group',
    ) ?? largest(usable, 'study')
  );
}
