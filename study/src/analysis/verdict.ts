// What may be said of two cells, and the sentence that says it.
import { groupName } from './names.js';
import type { PreparedCell } from './prepared.js';
import type { Comparison, Floor, Metric, Ratio, Sensors, Verdict } from './types.js';
import { intervalOfReduction, percent, probability, reduction } from './words.js';

/** Of the corrected test. */
export const LEVEL = 0.05;
/** A floor above this is no resolution at which two cells could be called the same. */
const MOST_FLOOR = 0.1;

export interface Case {
  /** The one with the smaller mean. */
  a: PreparedCell;
  b: PreparedCell;
  metric: Metric;
  sensors: Sensors | null;
  /** Of the first over the second. */
  ratio: Ratio;
  others: Comparison['others'];
  test: Comparison['test'];
  floor: Floor | null;
  /** Why no data of so few runs could make the test succeed. */
  tooFew: string | null;
}

/**
 * A difference: its interval leaves out 0, the corrected test succeeds, and it is above the null floor. The same: the
 * whole interval is within the floor, and this is 10 % or less. Everything else is open.
 */
export function verdictOf({ ratio, test, floor, tooFew }: Case): {
  verdict: Verdict;
  because: string | null;
} {
  const open = (because: string) => ({ verdict: 'open' as const, because });
  if (ratio.lo === null || ratio.hi === null) {
    return open(ratio.noInterval ?? 'the interval of one of them holds 0, so that they have no ratio');
  }
  if (floor && ratio.lo >= 1 - floor.relative && ratio.hi <= 1 + floor.relative) {
    if (floor.relative <= MOST_FLOOR) return { verdict: 'same', because: null };
    return open(
      `all of it is within the null floor of ${percent(floor.relative)}, which is too wide to call them the same`,
    );
  }
  if (ratio.hi >= 1) return open('the interval of their difference holds 0');
  if (!test) return open('a test needs at least two runs of each');
  if (!(test.corrected < LEVEL)) {
    return open(tooFew ?? `the corrected ${test.test} test gives p = ${probability(test.corrected)}`);
  }
  if (floor && 1 - ratio.ratio <= floor.relative) {
    return open(`it is below the null floor of ${percent(floor.relative)}`);
  }
  return { verdict: 'less', because: null };
}

export function sentenceOf(it: Case, verdict: Verdict, because: string | null): string {
  const { a, b, ratio, floor } = it;
  const where = groupName(a.cell.model, a.cell.batch);
  const what = quantityOf(it);
  const interval = intervalOfReduction(ratio);
  if (verdict === 'less') {
    const verb = it.metric === 'time' ? 'took' : 'used';
    const above = floor
      ? `, above the null floor of ${percent(floor.relative)}`
      : '; no null run was made, so that its floor is not known';
    return `${a.label} ${verb} ${reduction(ratio)} less ${what} than ${b.label} for ${where} (${interval})${above}${otherBasis(it)}.`;
  }
  const difference = `${reduction(ratio)} less for ${a.label}${interval ? `, ${interval}` : ''}`;
  if (verdict === 'same') {
    const limit = percent((floor as Floor).relative);
    return `${a.label} and ${b.label} do not differ in ${what} for ${where}: ${difference}, all of it within the null floor of ${limit}.`;
  }
  return `No difference in ${what} can be told between ${a.label} and ${b.label} for ${where} (${difference}): ${because}.`;
}

function quantityOf({ metric, sensors }: Case): string {
  if (metric === 'time') return 'time';
  const scope = sensors === 'total' ? 'energy' : `energy of the ${sensors === 'gpu' ? 'board' : 'processor'}`;
  return metric === 'gross' ? `${scope}, idle included,` : scope;
}

function otherBasis({ metric, others }: Case): string {
  const { gross } = others;
  if (metric !== 'net' || !gross) return '';
  const change = 1 - gross.ratio;
  return `; with idle power included, ${percent(Math.abs(change))} ${change >= 0 ? 'less' : 'more'}`;
}
