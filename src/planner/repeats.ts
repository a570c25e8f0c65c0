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
  const value = sum(figures.map((figure) => figure.value)) / figures.length;
  const shared = sharedTerms(figures);
  const enough = figures.length >= ENOUGH_FOR_SCATTER;
  const statistics = enough ? blockStatistics(figures.map((figure) => figure.value)) : undefined;
  const own: BudgetTerm[] = statistics
    ? [{ name: 'repeats', uncertainty: halfWidth(statistics, alpha), distribution: 'normal', key }]
    : ownTerms(figures);
  const terms = [...own, ...shared].filter((term) => term.uncertainty > 0);
  return { value, uncertainty: halfWidthOf(terms), terms, statistics };
}

/** Terms that more than one block has in common: in the mean they are as large as their mean. */
export function sharedTerms(figures: readonly BlockFigure[]): BudgetTerm[] {
  return [...groups(figures)]
    .filter((group) => group.length > 1 || figures.length === 1)
    .map((group) => {
      const [first] = group as [BudgetTerm];
      return { ...first, uncertainty: sum(group.map((term) => term.uncertainty)) / figures.length };
    });
}

// Of each name, the errors that are another one in each block: they average out, two-point ones perhaps not.
function ownTerms(figures: readonly BlockFigure[]): BudgetTerm[] {
  const byName = new Map<string, BudgetTerm[]>();
  for (const group of groups(figures)) {
    if (group.length > 1 || figures.length === 1) continue;
    const [term] = group as [BudgetTerm];
    byName.set(term.name, [...(byName.get(term.name) ?? []), term]);
  }
  return [...byName.values()].map((terms) => {
    const [first] = terms as [BudgetTerm];
    return { ...first, uncertainty: halfWidthOf(terms) / figures.length };
  });
}

function groups(figures: readonly BlockFigure[]): Iterable<BudgetTerm[]> {
  return groupTerms(figures.flatMap((figure) => figure.terms)).values();
}
