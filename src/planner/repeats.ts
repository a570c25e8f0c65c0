// The figure of several blocks: their mean, with an interval from their own scatter.
import { groupTerms, halfWidthOf, sum } from '../budget.js';
import type { BudgetTerm } from '../types/energy.js';
import { type BlockStatistics, blockStatistics, halfWidth } from './block-statistics.js';

/** Fewer blocks have an interval from their own budgets: a scatter of so few says next to nothing. */
export const ENOUGH_FOR_SCATTER = 5;

/** 1 - 0.95: of intervals whose number of blocks nothing measured has decided. */
export const PLAIN_ALPHA = 0.05;

/** Energy of one block with its budget, J. */
export interface BlockFigure {
  value: number;
  terms: readonly BudgetTerm[];
}

/** Mean of blocks, J a block. */
export interface RepeatedFigure {
  value: number;
  uncertainty: number;
  /** 'repeats', where there are enough, and what the blocks have in common. */
  terms: BudgetTerm[];
  statistics: BlockStatistics | undefined;
}

/**
 * The mean of block figures in the order of time. What is another error in each block shows in their scatter (Type A);
 * what is one error in all of them, by its correlation key, stays as large as it is in one.
 */
export function meanOfBlocks(figures: readonly BlockFigure[], alpha: number, key: string): RepeatedFigure {
  const n = figures.length;
  const values = figures.map((figure) => figure.value);
  const value = sum(values) / n;
  const { shared, own } = divided(figures);
  const statistics = n >= ENOUGH_FOR_SCATTER ? blockStatistics(values) : undefined;
  const terms: BudgetTerm[] = [];
  if (statistics) terms.push(normal('repeats', halfWidth(statistics, alpha), key));
  else terms.push(...averaged(own.flat(), n));
  if (n > 1) terms.push(normal('prior', pullOfPrior(own, value), `prior of ${key}`));
  for (const group of shared) {
    const [first] = group as [BudgetTerm];
    terms.push({ ...first, uncertainty: sum(group.map((term) => term.uncertainty)) / n });
  }
  const present = terms.filter((term) => term.uncertainty > 0);
  return { value, uncertainty: halfWidthOf(present), terms: present, statistics };
}

/** Terms that more than one block has, in groups of one error each, and those that are each block's own. */
function divided(figures: readonly BlockFigure[]): { shared: BudgetTerm[][]; own: BudgetTerm[][] } {
  const groups = groupTerms(figures.flatMap((figure) => figure.terms));
  const isShared = (group: readonly BudgetTerm[]) => group.length > 1;
  const ownTerms = new Set([...groups.values()].filter((group) => !isShared(group)).flat());
  return {
    shared: [...groups.values()].filter(isShared),
    own: figures.map(({ terms }) => terms.filter((term) => ownTerms.has(term))),
  };
}

// Of each name, errors that are another one in each block: they average out, two-point ones perhaps not.
function averaged(terms: readonly BudgetTerm[], n: number): BudgetTerm[] {
  return [...new Set(terms.map((term) => term.name))].map((name) => {
    const same = terms.filter((term) => term.name === name);
    return { ...(same[0] as BudgetTerm), uncertainty: halfWidthOf(same) / n };
  });
}

/**
 * What the readings leave open in a block, of standard uncertainty u, is filled by what is supposed of power, and that
 * pulls all blocks the same way: by u^2 / s^2 times the distance from the supposition, of uncertainty s. Supposed are a
 * quarter and +-40 % of the largest power there can be (path_posterior.cc), so that it is u^2 / E at most for an energy E at
 * up to half of that, the limit of a board. No more than a block's own interval either. The scatter does not show it:
 * blocks agree the better, the less their readings tell.
 */
function pullOfPrior(own: readonly BudgetTerm[][], mean: number): number {
  // A phase is no reading's error: it is spread over the blocks.
  const open = own.map((terms) => halfWidthOf(terms.filter(({ name }) => name !== 'phase')));
  const halfWidthOfOne = sum(open) / open.length;
  if (halfWidthOfOne === 0) return 0;
  return Math.min(halfWidthOfOne, halfWidthOfOne ** 2 / 4 / Math.abs(mean));
}

function normal(name: BudgetTerm['name'], uncertainty: number, key: string): BudgetTerm {
  return { name, uncertainty, distribution: 'normal', key };
}
