// All subjects with one model and one batch size, compared by one metric.
import { contrast, testOf } from './contrast.js';
import { floorFor, nullPairs } from './floor.js';
import { groupName } from './names.js';
import { estimates, type PreparedCell, valuesOf, whyNoRuns } from './prepared.js';
import { meanPerInference } from './ratio.js';
import { holm } from './stats/holm.js';
import { dunn, kruskalWallis } from './stats/kruskal-dunn.js';
import type { Estimate } from './term.js';
import { tooFewFor, tooFewForDunn, tooFewForPair, tooFewPairs } from './too-few.js';
import type { Basis, Comparison, GroupTests, Metric, Ratio, Sensors } from './types.js';
import { sentenceOf, verdictOf } from './verdict.js';

interface Contender {
  cell: PreparedCell;
  values: number[];
  mean: Estimate;
}

/** `cells`: those that are ranked; `all`: of the study, with its null runs. Null where no two have a reading. */
export function energyTests(cells: readonly PreparedCell[], all: readonly PreparedCell[]): GroupTests | null {
  const chosen = choose(cells);
  return chosen ? groupTests(cells, all, chosen.basis, chosen.sensors) : null;
}

export const timeTests = (cells: readonly PreparedCell[], all: readonly PreparedCell[]): GroupTests | null =>
  groupTests(cells, all, 'time', null);

/** The widest sensors that most cells have, net where that loses none of them. */
function choose(cells: readonly PreparedCell[]): { sensors: Sensors; basis: Basis } | null {
  const count = (sensors: Sensors, basis: Basis) =>
    cells.filter((cell) => estimates(cell, sensors, basis, 'run').found.length > 0).length;
  const widest = (['total', 'gpu', 'cpu'] as const).reduce((best, sensors) =>
    count(sensors, 'gross') > count(best, 'gross') ? sensors : best,
  );
  if (count(widest, 'gross') < 2) return null;
  return { sensors: widest, basis: count(widest, 'net') === count(widest, 'gross') ? 'net' : 'gross' };
}

function groupTests(
  cells: readonly PreparedCell[],
  all: readonly PreparedCell[],
  metric: Metric,
  sensors: Sensors | null,
): GroupTests | null {
  const contenders = cells.flatMap((cell): Contender[] => {
    const mean = meanPerInference(cell, metric, sensors);
    return mean ? [{ cell, mean, values: valuesOf(cell, metric, sensors) }] : [];
  });
  const [first] = contenders;
  if (!first || contenders.length < 2) return null;
  const sorted = contenders.sort((a, b) => a.mean.value - b.mean.value);
  const { model, batch } = first.cell.cell;
  const floor = floorFor(nullPairs(all, metric, sensors), model, batch);
  const testable = sorted.filter(({ values }) => values.length >= 2);
  const samples = testable.map(({ values }) => values);
  const compared = comparisons(sorted, metric, sensors, floor);
  const idAt = (i: number) => (testable[i] as Contender).cell.cell.id;
  return {
    metric,
    sensors,
    cells: sorted.map(({ cell }) => cell.cell.id),
    left: leftOut(cells, sorted, metric, sensors),
    kruskalWallis: kruskalWallis(samples),
    dunn: dunn(samples).map((pair) => ({ ...pair, a: idAt(pair.a), b: idAt(pair.b) })),
    floor,
    comparisons: compared,
    tooFew: tooFew(testable, compared, groupName(model, batch)),
  };
}

function leftOut(
  cells: readonly PreparedCell[],
  kept: readonly Contender[],
  metric: Metric,
  sensors: Sensors | null,
): GroupTests['left'] {
  const ids = new Set(kept.map(({ cell }) => cell.cell.id));
  return cells
    .filter((cell) => !ids.has(cell.cell.id))
    .map((cell) => ({
      cell: cell.cell.id,
      reason:
        metric === 'time' || !sensors ? whyNoRuns(cell) : estimates(cell, sensors, metric, 'run').reason,
    }));
}

function comparisons(
  sorted: readonly Contender[],
  metric: Metric,
  sensors: Sensors | null,
  floor: GroupTests['floor'],
): Comparison[] {
  const pairs = sorted.flatMap((a, i) => sorted.slice(i + 1).map((b) => ({ a, b })));
  const tests = pairs.map(({ a, b }) => testOf(a.cell, b.cell, metric, sensors));
  const tested = tests.filter((test) => test !== null);
  const corrected = holm(tested.map(({ p }) => p));
  return pairs.map(({ a, b }, i) => {
    const test = tests[i] ?? null;
    const ratio = contrast(a.cell, b.cell, metric, sensors) as Ratio;
    const it = {
      a: a.cell,
      b: b.cell,
      metric,
      sensors,
      ratio,
      others: otherRatios(a.cell, b.cell, metric, sensors),
      test: test && { ...test, corrected: corrected[tested.indexOf(test)] as number },
      floor,
      tooFew: test && tooFewFor(test.test, [a.values.length, b.values.length], ratio.pairs, tested.length),
    };
    const { verdict, because } = verdictOf(it);
    return {
      a: a.cell.cell.id,
      b: b.cell.cell.id,
      metric,
      sensors,
      ratio,
      others: it.others,
      test: it.test,
      verdict,
      because,
      sentence: sentenceOf(it, verdict, because),
    };
  });
}

function otherRatios(
  a: PreparedCell,
  b: PreparedCell,
  metric: Metric,
  sensors: Sensors | null,
): Partial<Record<Metric, Ratio>> {
  const others = (['net', 'gross', 'time'] as const).filter((other) => other !== metric);
  const entries = others.flatMap((other): [Metric, Ratio][] => {
    const ratio = contrast(a, b, other, sensors);
    return ratio ? [[other, ratio]] : [];
  });
  return Object.fromEntries(entries);
}

function tooFew(cells: readonly Contender[], compared: readonly Comparison[], where: string): string[] {
  const pairs = (cells.length * (cells.length - 1)) / 2;
  const fewest = Math.min(...cells.map(({ values }) => values.length));
  if (pairs === 0) return [`A test needs at least two runs of each cell for ${where}.`];
  const inPairs = compared.flatMap(({ ratio }) => ratio.pairs ?? []);
  const ranks =
    inPairs.length > 0 ? tooFewPairs(Math.min(...inPairs), pairs) : tooFewForPair(fewest, fewest, pairs);
  const all = tooFewForDunn(cells.length, fewest);
  return [...(ranks ? [`${ranks.charAt(0).toUpperCase()}${ranks.slice(1)}.`] : []), ...(all ? [all] : [])];
}
