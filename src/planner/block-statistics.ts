// Mean of blocks and what it is worth: scatter, correlation of neighbours, effective sample size.
import { studentT } from './student.js';

/** Below this a correlation estimated from the blocks themselves says nothing. */
const ENOUGH_FOR_CORRELATION = 10;
const LARGEST_CORRELATION = 0.9;
const LEAST_DISTANCES = 5;

export interface BlockStatistics {
  blocks: number;
  mean: number;
  /** Standard deviation of one block. */
  scatter: number;
  /** Of neighbouring blocks, 0 where it is negative: start phases that are spread make neighbours differ. */
  autocorrelation: number;
  /** So many independent blocks would give the same interval. */
  effectiveBlocks: number;
  /** Of freedom, of `standardUncertainty`. */
  degrees: number;
  /** Of the mean. */
  standardUncertainty: number;
}

/** Of two blocks or more, in the order in which they were taken. */
export function blockStatistics(values: readonly number[]): BlockStatistics {
  const n = values.length;
  const mean = values.reduce((sum, x) => sum + x, 0) / n;
  const deviations = values.map((x) => x - mean);
  const squares = deviations.reduce((sum, d) => sum + d * d, 0);
  const autocorrelation = neighbourCorrelation(deviations, squares);
  // An autoregressive series of first order: n (1 - r) / (1 + r) independent values (Bayley and Hammersley 1946). How far
  // apart the blocks must be to be independent is not to be told from fewer than five such distances.
  const inflation = Math.min((1 + autocorrelation) / (1 - autocorrelation), 1 + n / LEAST_DISTANCES);
  const effectiveBlocks = Math.max(2, n / inflation);
  // Correlated blocks scatter less about their own mean than about the true one, by as many as share their errors.
  const variance = squares / (n - inflation);
  return {
    blocks: n,
    mean,
    scatter: Math.sqrt(squares / (n - 1)),
    autocorrelation,
    effectiveBlocks,
    degrees: effectiveBlocks - 1,
    standardUncertainty: Math.sqrt(variance / effectiveBlocks),
  };
}

/** Half-width of the interval that misses with probability `alpha`. */
export function halfWidth({ degrees, standardUncertainty }: BlockStatistics, alpha: number): number {
  return standardUncertainty === 0 ? 0 : studentT(alpha, degrees) * standardUncertainty;
}

// Taken about the series' own mean, a lag-1 correlation r comes out low by (1 + 4 r) / n (Marriott and Pope 1954).
function neighbourCorrelation(deviations: readonly number[], squares: number): number {
  const n = deviations.length;
  if (n < ENOUGH_FOR_CORRELATION || squares === 0) return 0;
  let products = 0;
  for (let i = 1; i < n; ++i) products += (deviations[i] as number) * (deviations[i - 1] as number);
  const corrected = ((products / squares) * n + 1) / (n - 4);
  return Math.min(LARGEST_CORRELATION, Math.max(0, corrected));
}
