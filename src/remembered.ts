// Windows of hours: what a meter no longer remembers when they end.
import type { BlockDesign } from './block-plan.js';
import { invalidArgument } from './errors.js';

const MS_PER_HOUR = 3_600_000;
const MS_PER_DAY = 24 * MS_PER_HOUR;
/** Time for the updates after a window, and for its resolution. */
const RESOLVING_MS = 10_000;

/** A window is resolved at its end: what came before it must not be forgotten by then. */
export function refuseForgotten(
  rememberedMs: number,
  { runsPerBlock, beforeMs, afterMs, ...design }: BlockDesign,
): void {
  const minDurationMs = Math.min(design.minDurationMs, design.maxDurationMs);
  const neededMs = beforeMs + minDurationMs + afterMs + RESOLVING_MS;
  if (runsPerBlock > 0 || neededMs <= rememberedMs) return;
  throw invalidArgument(
    `A window of ${hours(minDurationMs)} with its quiet time is longer than this meter remembers (${hours(rememberedMs)}).`,
    neededMs <= MS_PER_DAY
      ? `Give meter: await Meter.open({ historySeconds: ${Math.ceil(neededMs / 1e3)} }), or measure several shorter windows.`
      : 'Measure several shorter windows; a day is the longest that a meter can remember.',
  );
}

function hours(ms: number): string {
  return `${(ms / MS_PER_HOUR).toFixed(2)} hours`;
}
