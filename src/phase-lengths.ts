import { checkKeys, finiteNumber, plainObject, wholeNumber } from './check-options.js';
import { invalidArgument } from './errors.js';
import { draws } from './random.js';

export interface PhaseLengthsOptions {
  /** Lengths lie within this part of the mean on either side. Default 0.3. */
  spread?: number;
  /** The same seed gives the same lengths. Default 1. */
  seed?: number;
}

/**
 * Lengths for phases that a counter is to tell apart: spread evenly about their mean, which they have exactly, in an
 * order that keeps step with no counter.
 */
export function phaseLengths(meanMs: number, count: number, options: PhaseLengthsOptions = {}): Float64Array {
  checkKeys('option', plainObject('the options', options), ['spread', 'seed']);
  const mean = finiteNumber('meanMs', meanMs);
  const n = wholeNumber('count', count);
  const spread = finiteNumber('spread', options.spread ?? 0.3);
  if (spread > 1) throw invalidArgument(`spread must lie between 0 and 1, not ${spread}.`);
  const below = draws(wholeNumber('seed', options.seed ?? 1));
  // A permutation (Fisher and Yates), not a low-discrepancy sequence: that one's sums are too even, and it is the sums
  // over one interval of the counter that have to differ.
  const lengths = Float64Array.from({ length: n }, (_, i) => mean * (1 + spread * ((2 * i + 1) / n - 1)));
  for (let i = n - 1; i > 0; i -= 1) {
    const j = below(i + 1);
    const length = lengths[i] as number;
    lengths[i] = lengths[j] as number;
    lengths[j] = length;
  }
  return lengths;
}
