import type { Quantity } from './types/energy.js';

/** Relative half-range of a board's gain: up to 5 % was found between boards (Yang, Adamek, Armour, SC'24). */
export const GAIN = 0.05;

/** The 95 % factor of a normal distribution over the half-range of a rectangular one of the same variance. */
export const RECTANGULAR_TO_U = 1.96 / Math.sqrt(3);

/**
 * U with the gain of the board. Both the quadrature of standard uncertainties and the plain sum (the gain never
 * exceeds its half-range) cover at least 95 %, so the smaller of them does.
 */
export function combined(uncertainty: number, value: number): number {
  const gain = GAIN * Math.abs(value);
  return Math.min(Math.hypot(uncertainty, RECTANGULAR_TO_U * gain), uncertainty + gain);
}

/** The ends are given where they are not those of a symmetric interval. */
export function quantity(
  { value, uncertainty, lo, hi }: { value: number; uncertainty: number; lo: number; hi: number },
  unit: Quantity['unit'],
): Quantity {
  const above = hi - value;
  const below = value - lo;
  const skewed =
    Number.isFinite(above) && Number.isFinite(below) && Math.abs(above - below) > 1e-9 * (above + below);
  return {
    value,
    uncertainty,
    combinedUncertainty: combined(uncertainty, value),
    ...(skewed ? { lo, hi } : {}),
    unit,
  };
}
