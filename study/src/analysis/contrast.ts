// Two cells beside each other. Where their runs are spread over machines they are compared in pairs, each of one repetition
// on one machine (all subjects of a block run on one): what differs between machines is then in neither interval nor test.
import { pairedMeans } from './mean.js';
import { countedRuns, type PreparedCell, perInference, valuesOf } from './prepared.js';
import { meanPerInference, ratioOf } from './ratio.js';
import { pairedSamples, type TwoSamples, twoSamples } from './stats/two-samples.js';
import type { Estimate } from './term.js';
import type { Metric, Ratio, Sensors } from './types.js';

interface Pair {
  a: Estimate;
  b: Estimate;
}

/** Null: on one machine, or fewer than two pairs. */
export function pairsOf(
  a: PreparedCell,
  b: PreparedCell,
  metric: Metric,
  sensors: Sensors | null,
): Pair[] | null {
  const runs = [a, b].flatMap(countedRuns);
  if (new Set(runs.map(({ machine }) => machine)).size < 2) return null;
  const blockOf = ({ record, machine }: (typeof runs)[number]) => `${record.repetition} ${machine}`;
  const partners = new Map(countedRuns(b).map((run) => [blockOf(run), run]));
  const pairs = countedRuns(a).flatMap((run): Pair[] => {
    const partner = partners.get(blockOf(run));
    const [first, second] = [run, partner].map((one) => one && perInference(one, metric, sensors));
    return first && second ? [{ a: first, b: second }] : [];
  });
  return pairs.length < 2 ? null : pairs;
}

/** Of the first over the second; null where one has no reading. */
export function contrast(
  a: PreparedCell,
  b: PreparedCell,
  metric: Metric,
  sensors: Sensors | null,
): Ratio | null {
  const pairs = pairsOf(a, b, metric, sensors);
  if (pairs) {
    const names = [a.cell.id, b.cell.id] as const;
    const means = pairedMeans(
      pairs.map((pair) => pair.a),
      pairs.map((pair) => pair.b),
      names,
    );
    return { ...ratioOf(...means), pairs: pairs.length };
  }
  const [first, second] = [a, b].map((cell) => meanPerInference(cell, metric, sensors));
  return first && second ? ratioOf(first, second) : null;
}

export function testOf(
  a: PreparedCell,
  b: PreparedCell,
  metric: Metric,
  sensors: Sensors | null,
): TwoSamples | null {
  const pairs = pairsOf(a, b, metric, sensors);
  if (!pairs) return twoSamples(valuesOf(a, metric, sensors), valuesOf(b, metric, sensors));
  return pairedSamples(
    pairs.map((pair) => pair.a.value),
    pairs.map((pair) => pair.b.value),
  );
}
