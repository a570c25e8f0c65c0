// What one block is: how many runs, how much quiet time, and where in the counter's period it begins.
// All of it follows from structure (run time, period), never from what a counter showed.

/** A block of back-to-back runs is so long that most of it lies in whole periods of the counter. */
const BLOCK_PERIODS = 5;
const LEAST_BLOCK_MS = 100;
/** The idle level is taken from about so many updates on each side. */
const QUIET_PERIODS = 5;
const LEAST_QUIET_MS = 200;
/** `auto`: a run so long is seen by itself. */
const LONG_RUN_PERIODS = 3;

// Noble, as the golden ratio is, which is five times this one (modulo 1): [H100] what the counter makes of a burst repeats in
// each fifth of its period, and multiples of the golden ratio itself would creep through a fifth.
const NOBLE = (5 + Math.sqrt(5)) / 10;

export type Mode = 'sustained' | 'burst';

export interface CounterTiming {
  periodMs: number;
  /** After this time an effect has left the sensor. */
  decayMs: number;
}

export function chooseMode(mode: Mode | 'auto', runMs: number, { periodMs }: CounterTiming): Mode {
  if (mode !== 'auto') return mode;
  return runMs >= LONG_RUN_PERIODS * periodMs ? 'burst' : 'sustained';
}

/** So many runs back to back that a block's own interval is of use; one where each is to be a burst. */
export function runsOfBlock(mode: Mode, runMs: number, { periodMs }: CounterTiming): number {
  if (mode === 'burst') return 1;
  return Math.max(1, Math.ceil(Math.max(LEAST_BLOCK_MS, BLOCK_PERIODS * periodMs) / runMs));
}

/** Quiet time on each side of a block. */
export function quietOfBlock({ periodMs, decayMs }: CounterTiming): number {
  return Math.max(LEAST_QUIET_MS, QUIET_PERIODS * periodMs + decayMs);
}

/**
 * Where in the counter's period the blocks begin, 0 to 1: multiples of a noble number, which fill the period evenly however
 * many there are (Kronecker's sequences of lowest discrepancy; Niederreiter 1992, chapter 3).
 */
export function startPhases(first: number, count: number): Float64Array {
  return Float64Array.from({ length: count }, (_, i) => ((first + i) * NOBLE) % 1);
}

/** The first instant of this phase at or after `earliest`, in the unit of all arguments; periods count from `origin`. */
export function nextStart(earliest: number, phase: number, period: number, origin: number): number {
  if (!(period > 0)) return earliest;
  const offset = origin + phase * period;
  return offset + Math.ceil((earliest - offset) / period) * period;
}
