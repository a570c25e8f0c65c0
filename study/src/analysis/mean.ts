// Mean over the runs of a cell. Its interval comes from the scatter between runs (Student), which holds all that differs
// from run to run, and from what the runs have in common: terms of one key are one error and stay as they are.
import type { BudgetTerm } from 'microjoule';
import { ALONE } from './run-energy.js';
import { mean, scatterOfMean } from './stats/summary.js';
import { type Estimate, halfWidthOf, joined, joinedGains, withGains } from './term.js';
import type { Value } from './types.js';

/** With fewer runs their scatter may be small by luck: it is then no less than what the runs say of themselves. */
const ENOUGH_RUNS = 5;

/** `name` makes the key of the scatter: no other mean shares it. */
export function meanOf(runs: readonly Estimate[], name: string): Estimate {
  const [only] = runs;
  if (runs.length === 1 && only) return { ...only, terms: runTerms(runs, name).flat() };
  const { value, shared, own, gains } = partsOf(runs, name);
  const values = runs.map((run) => run.value);
  return { value, terms: [...shared, ...scatterTerms(values, own, name)], gains };
}

/**
 * Means of runs that stand in pairs, for their ratio R alone: it scatters as a - R b does, in which what a pair has in
 * common cancels (Cochran 1977, Sampling Techniques, 6.4).
 */
export function pairedMeans(
  a: readonly Estimate[],
  b: readonly Estimate[],
  names: readonly [string, string],
): [Estimate, Estimate] {
  const [first, second] = [partsOf(a, names[0]), partsOf(b, names[1])];
  const ratio = first.value / second.value;
  const residues = a.map(({ value }, i) => value - ratio * (b[i] as Estimate).value);
  const ownOfB = second.own.map((term) => ({ ...term, uncertainty: ratio * term.uncertainty }));
  const scatter = scatterTerms(residues, [...first.own, ...ownOfB], `pairs of ${names.join(' and ')}`);
  const none = scatter.map((term) => ({ ...term, key: `${term.key}, second`, uncertainty: 0 }));
  return [
    { value: first.value, terms: [...first.shared, ...scatter], gains: first.gains },
    { value: second.value, terms: [...second.shared, ...none], gains: second.gains },
  ];
}

const runTerms = (runs: readonly Estimate[], name: string): BudgetTerm[][] =>
  runs.map((run, i) => joined(run.terms.map((term) => ofRun(term, `${name} ${i}`))));

/** Of a mean: what all runs share, and what each has of its own. */
function partsOf(runs: readonly Estimate[], name: string) {
  const n = runs.length;
  const perRun = runTerms(runs, name);
  const runsWith = countRuns(perRun);
  const isShared = (term: BudgetTerm) => (runsWith.get(idOf(term)) ?? 0) > 1;
  const terms = perRun.flat();
  return {
    value: mean(runs.map(({ value }) => value)),
    shared: joined(terms.filter(isShared), 1 / n),
    own: terms.filter((term) => !isShared(term)),
    gains: joinedGains(
      runs.flatMap(({ gains }) => gains),
      1 / n,
    ),
  };
}

function scatterTerms(values: readonly number[], own: readonly BudgetTerm[], name: string): BudgetTerm[] {
  const n = values.length;
  const seen = scatterOfMean(values) ?? 0;
  // Two-point errors, too: independent ones of several runs tend to a normal error.
  const claimed = Math.sqrt(own.reduce((sum, term) => sum + (term.uncertainty / n) ** 2, 0));
  const uncertainty = n < ENOUGH_RUNS ? Math.max(seen, claimed) : seen;
  return [{ name: 'repeats', key: `runs of ${name}`, uncertainty, distribution: 'normal' }];
}

/** As the library does with blocks: phases are spread over the runs, and idle power drifts alike after each. */
function ofRun(term: BudgetTerm, run: string): BudgetTerm {
  if (term.key === ALONE) return { ...term, key: `${ALONE} ${run}` };
  if (term.name === 'phase') return { ...term, key: `${term.key}@${run}` };
  if (term.name === 'idle-drift') return { ...term, key: term.key.replace(/@.*$/, '') };
  return term;
}

const idOf = (term: BudgetTerm) => `${term.name} ${term.key}`;

function countRuns(runs: readonly (readonly BudgetTerm[])[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const term of runs.flat()) counts.set(idOf(term), (counts.get(idOf(term)) ?? 0) + 1);
  return counts;
}

export function readingOf(estimate: Estimate, n: number): Value {
  const uncertainty = halfWidthOf(estimate.terms);
  return {
    value: estimate.value,
    uncertainty,
    combinedUncertainty: withGains(uncertainty, estimate.gains),
    n,
  };
}

/** Of what has no budget of its own: times, powers of other tools, utilisations. */
export function plainMean(values: readonly number[]): Value {
  return { value: mean(values), uncertainty: scatterOfMean(values), n: values.length };
}
