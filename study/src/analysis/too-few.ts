// Whether any data of so many runs could make a corrected test succeed.
import { smallestDunn } from './stats/kruskal-dunn.js';
import { smallestMannWhitney } from './stats/mann-whitney.js';
import { smallestWilcoxon, type TwoSamples } from './stats/two-samples.js';
import { LEVEL } from './verdict.js';

const MOST = 1000;

/** Of two samples of n and m runs among so many comparisons, tested by Mann-Whitney; null where it can succeed. */
export function tooFewForPair(n: number, m: number, comparisons: number): string | null {
  const sizes = n === m ? `${n} runs of each` : `${n} and ${m} runs`;
  const needed = (size: number) => smallestMannWhitney(size, size);
  return sentence('Mann-Whitney', sizes, smallestMannWhitney(n, m), needed, 'runs of each', comparisons);
}

/** The same of so many pairs, tested by Wilcoxon's signed ranks. */
export const tooFewPairs = (n: number, comparisons: number): string | null =>
  sentence('Wilcoxon', `${n} pairs`, smallestWilcoxon(n), smallestWilcoxon, 'pairs', comparisons);

/** Of one comparison by its own test; null of tests that no number of runs keeps from it. */
export function tooFewFor(
  test: TwoSamples['test'],
  [n, m]: readonly [number, number],
  inPairs: number | undefined,
  comparisons: number,
): string | null {
  if (test === 'Mann-Whitney') return tooFewForPair(n, m, comparisons);
  return test === 'Wilcoxon' && inPairs !== undefined ? tooFewPairs(inPairs, comparisons) : null;
}

function sentence(
  test: string,
  sizes: string,
  least: number,
  smallest: (size: number) => number,
  unit: string,
  comparisons: number,
): string | null {
  if (least * comparisons < LEVEL) return null;
  const needed = leastRuns((size) => smallest(size) * comparisons);
  const corrected = comparisons === 1 ? '' : `, corrected for ${comparisons} comparisons,`;
  return `with ${sizes} the ${test} test${corrected} gives no p below ${Math.min(1, least * comparisons).toPrecision(2)}; ${needed} ${unit} could`;
}

export function tooFewForDunn(cells: number, n: number): string | null {
  const pairs = (cells * (cells - 1)) / 2;
  const least = smallestDunn(cells, n) * pairs;
  if (least < LEVEL) return null;
  const needed = leastRuns((size) => smallestDunn(cells, size) * pairs);
  return `With ${n} runs of each of ${cells} cells Dunn's test with Holm's correction gives no p below ${Math.min(1, least).toPrecision(2)}, whatever the data: it needs ${needed} runs.`;
}

function leastRuns(smallest: (n: number) => number): number {
  let n = 2;
  while (n < MOST && smallest(n) >= LEVEL) ++n;
  return n;
}
