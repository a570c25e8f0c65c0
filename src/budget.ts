// Terms of uncertainty, combined (docs/uncertainty.md, "Combination").
import type { BudgetTerm } from './types/energy.js';

/** Terms of one name and key are one error: it adds linearly, in windows and over repeats. */
export function groupTerms(terms: Iterable<BudgetTerm>): Map<string, BudgetTerm[]> {
  const groups = new Map<string, BudgetTerm[]>();
  for (const term of terms) {
    const id = `${term.name} ${term.key}`;
    const group = groups.get(id);
    if (group) group.push(term);
    else groups.set(id, [term]);
  }
  return groups;
}

/** 95 % half-width of independent terms: two-point ones add linearly, on top of the others in quadrature. */
export function halfWidthOf(terms: Iterable<Pick<BudgetTerm, 'uncertainty' | 'distribution'>>): number {
  let linear = 0;
  let squares = 0;
  for (const { uncertainty, distribution } of terms) {
    if (distribution === 'two-point') linear += uncertainty;
    else squares += uncertainty * uncertainty;
  }
  return linear + Math.sqrt(squares);
}

export function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
