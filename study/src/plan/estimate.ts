import type { PlannedRun, Protocol, RunTable } from '../types/table.js';

/** Start of an interpreter, load, first call, outputs: seen on a desktop; an engine build takes a minute more. */
const START_SECONDS = 12;
const GATE_SECONDS = 2;

/** What one run takes at least, seconds. */
export function runSeconds({ protocol }: RunTable): number {
  const { windowSeconds, warmup, idle, overheadSeconds, cooldownSeconds }: Protocol = protocol;
  const quiet = 2 * idle.bareSeconds + 2 * idle.residentSeconds;
  return (
    GATE_SECONDS + cooldownSeconds + START_SECONDS + quiet + warmup.seconds + overheadSeconds + windowSeconds
  );
}

/** A sham window and the quiet time behind it, in a cell's first repetition. */
export function shamSeconds({ protocol }: RunTable): number {
  return protocol.windowSeconds + protocol.idle.residentSeconds;
}

/** Of these runs, seconds; measured run times take the place of the guess once there are some. */
export function estimateSeconds(
  table: RunTable,
  runs: readonly PlannedRun[],
  seen: readonly number[] = [],
): number {
  const shams = runs.filter(({ repetition }) => repetition === 0).length * shamSeconds(table);
  if (seen.length > 0) return (runs.length * seen.reduce((sum, s) => sum + s, 0)) / seen.length;
  const compat = table.compat2024.enabled ? table.compat2024.idleSeconds : 0;
  return compat + shams + runs.length * runSeconds(table);
}
