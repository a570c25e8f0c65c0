// The bursts of a calibration, before any has run.
import { startPhases } from '../planner/block-design.js';
import { draws } from '../random.js';

export interface PlannedBurst {
  /** Nominal length, ms; 0: a sham, in which nothing runs. */
  kindMs: number;
  /** Where in the counter's period it begins, 0 to 1. */
  phase: number;
}

export interface BurstPlan {
  burstsMs: readonly number[];
  count: number;
  shams: number;
  seed: number;
}

const LEAST_GAP_MS = 250;
const GAP_PERIODS = 2.5;

/** Quiet time between two bursts, to which up to a period is added for the phase. */
export function gapMs(periodMs: number): number {
  return Math.max(LEAST_GAP_MS, GAP_PERIODS * periodMs);
}

/** Every length has start phases of its own that fill the period; the order is drawn, so that drift meets all alike. */
export function planBursts({ burstsMs, count, shams, seed }: BurstPlan): PlannedBurst[] {
  const kinds = [0, ...burstsMs];
  const bursts = kinds.flatMap((kindMs, k) => {
    const phases = startPhases(0, kindMs === 0 ? shams : count);
    return Array.from(phases, (phase) => ({ kindMs, phase: (phase + k / kinds.length) % 1 }));
  });
  const below = draws(seed);
  for (let i = bursts.length - 1; i > 0; i -= 1) {
    const j = below(i + 1);
    [bursts[i], bursts[j]] = [bursts[j] as PlannedBurst, bursts[i] as PlannedBurst];
  }
  return bursts;
}
