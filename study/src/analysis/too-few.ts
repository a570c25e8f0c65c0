// Whether any data of so many runs could make a corrected test succeed.
import { smallestDunn } from './stats/kruskal-dunn.js';
import { smallestMannWhitney } from './stats/mann-whitney.js';
import { smallestWilcoxon, type TwoSamples } from './stats/two-samples.js';
import { LEVEL } from './verdict.js';

const MOST = 1000;

/** Of one pair of sizes n and m among so many pairs, tested by Mann-Whitney; null where it can succeed. */
export function tooFewForPair(n: number, m: number, pairs: number): string | null {
  const least = smallestMannWhitney(n, m);
  if (least * pairs < LEVEL) return null;
  const needed = leastRuns((size) => smallestMannWhitney(size, size) * pairs);
  const sizes = n === m ? `${n} runs of each` : `${n} and ${m} runs`;
  const corrected = pairs === 1 ? '' : `, corrected for ${pairs} comparisons,`;
  return `with ${sizes} the Mann-Whitney test${corrected} gives no p below ${Math.min(1, least * pairs).toPrecision(2)}; ${needed} runs of each could`;
}

/** Of one pair by its own test; null where it can succeed, and of tests that no number of runs keeps from it. */
export function tooFewFor(
  test: TwoSamples['test'],
  [n, m]: readonly [number, number],
  inPairs: number | undefined,
  pairs: number,
): string | null {
  if (test === 'Mann-Whitney') return tooFewForPair(n, m, pairs);
  if (test !== 'Wilcoxon' || inPairs === undefined) return null;
  const least = smallestWilcoxon(inPairs) * pairs;
  if (least < LEVEL) return null;
  const corrected = pairs === 1 ? '' : `, corrected for ${pairs} comparisons,`;
  const needed = leastRuns((size) => smallestWilcoxon(size) * pairs);
  return `with ${inPairs} pairs the Wilcoxon test${corrected} gives no p below ${Math.min(1, least).toPrecision(2)}; ${needed} pairs could`;
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
