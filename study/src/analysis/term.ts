// Errors of one run and of means over runs: terms of one name and key are one error, which adds linearly and which no
// repetition shrinks (docs/uncertainty.md of the library, "Combination").
import type { BudgetTerm } from 'microjoule';

/** The factor from a rectangular half-range to the half-width of 95 %. */
const RECTANGULAR_TO_U = 1.96 / Math.sqrt(3);

/** What one board's gain makes of an energy, J. */
export interface Gain {
  key: string;
  halfRange: number;
}

/** A figure with what its uncertainty is made of. */
export interface Estimate {
  value: number;
  terms: BudgetTerm[];
  gains: Gain[];
}

export function scaled(estimate: Estimate, factor: number): Estimate {
  const size = Math.abs(factor);
  return {
    value: factor * estimate.value,
    terms: estimate.terms.map((term) => ({ ...term, uncertainty: size * term.uncertainty })),
    gains: estimate.gains.map((gain) => ({ ...gain, halfRange: size * gain.halfRange })),
  };
}

/** Terms of one error joined into one; `weight` of each, 1 by default. */
export function joined(terms: readonly BudgetTerm[], weight = 1): BudgetTerm[] {
  const sums = new Map<string, BudgetTerm>();
  for (const term of terms) {
    const id = `${term.name} ${term.key}`;
    const known = sums.get(id);
    const uncertainty = weight * term.uncertainty + (known?.uncertainty ?? 0);
    sums.set(id, { ...term, uncertainty });
  }
  return [...sums.values()];
}

export function joinedGains(gains: readonly Gain[], weight = 1): Gain[] {
  const sums = new Map<string, number>();
  for (const { key, halfRange } of gains) sums.set(key, (sums.get(key) ?? 0) + weight * halfRange);
  return [...sums].map(([key, halfRange]) => ({ key, halfRange }));
}

/** Two-point terms add linearly, on top of the others in quadrature. */
export function halfWidthOf(terms: readonly Pick<BudgetTerm, 'uncertainty' | 'distribution'>[]): number {
  const linear = terms.filter(({ distribution }) => distribution === 'two-point');
  const rest = terms.filter(({ distribution }) => distribution !== 'two-point');
  const square = rest.reduce((total, { uncertainty }) => total + uncertainty ** 2, 0);
  return linear.reduce((total, { uncertainty }) => total + uncertainty, 0) + Math.sqrt(square);
}

/** Quadrature and plain sum both cover, so the smaller one does. */
export function withGains(uncertainty: number, gains: readonly Gain[]): number {
  const square = gains.reduce((total, { halfRange }) => total + (RECTANGULAR_TO_U * halfRange) ** 2, 0);
  const sum = gains.reduce((total, { halfRange }) => total + halfRange, 0);
  return Math.min(Math.sqrt(uncertainty ** 2 + square), uncertainty + sum);
}

/** For a ratio, in which the gain of a counter is one more error that both sides share as far as they were seen by it. */
export const gainsAsTerms = (gains: readonly Gain[]): BudgetTerm[] =>
  gains.map(({ key, halfRange }) => ({
    // The library's names of terms hold none for it; only 'phase' means anything to a ratio.
    name: 'prior',
    key: `gain ${key}`,
    uncertainty: RECTANGULAR_TO_U * halfRange,
    distribution: 'rectangular',
  }));
