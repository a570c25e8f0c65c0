// Which segments, in what order and of what length: so that the counter's intervals tell their powers apart.
import { phaseLengths } from '../phase-lengths.js';
import { draws } from '../random.js';
import type { SegmentKind } from '../types/phases.js';

/** Positions are those of native/measure/phases.h. */
export const KINDS: readonly SegmentKind[] = ['host-to-device', 'compute', 'device-to-host', 'whole', 'idle'];

/** Of a segment: long enough for a whole interval of a 100 ms counter in most, short enough for many. */
const SEGMENT_MS = 250;
const SEGMENT_PERIODS = 2.5;
/** Lengths lie within this part of the mean on either side: 115 to 385 ms. */
const SPREAD = 0.54;
/** Every kind comes after each other kind once. */
export const CYCLE = KINDS.length * (KINDS.length - 1);

export interface SegmentPlan {
  kinds: Int32Array;
  lengthsMs: Float64Array;
  cycles: number;
  segmentMs: number;
}

export function planSegments(durationMs: number, seed: number, periodMs: number): SegmentPlan {
  const wished = Math.max(SEGMENT_MS, SEGMENT_PERIODS * periodMs);
  const cycles = Math.max(1, Math.round(durationMs / (CYCLE * wished)));
  const segmentMs = durationMs / (CYCLE * cycles);
  const kinds = Int32Array.from(orderOf(cycles, draws(seed)));
  const lengths = KINDS.map((_, kind) =>
    phaseLengths(segmentMs, (KINDS.length - 1) * cycles, { spread: SPREAD, seed: seed + kind + 1 }),
  );
  const used = KINDS.map(() => 0);
  const lengthsMs = Float64Array.from(kinds, (kind) => {
    const next = used[kind] as number;
    used[kind] = next + 1;
    return (lengths[kind] as Float64Array)[next] as number;
  });
  return { kinds, lengthsMs, cycles, segmentMs };
}

/**
 * Random rounds through all pairs of kinds: what a segment leaves to the next one (clocks, heat, the sensor's delay) falls
 * on every other kind alike, and the attribution can test whether there is such a thing.
 */
function orderOf(cycles: number, below: (bound: number) => number): number[] {
  const first = below(KINDS.length);
  return Array.from({ length: cycles }, () => randomCircuit(first, below).slice(0, CYCLE)).flat();
}

/** A circuit that takes each way from one kind to another once (Hierholzer), the ways out of a kind in random order. */
function randomCircuit(first: number, below: (bound: number) => number): number[] {
  const ways = KINDS.map((_, from) =>
    shuffled(
      Array.from(KINDS.keys()).filter((to) => to !== from),
      below,
    ),
  );
  const open = [first];
  const circuit: number[] = [];
  while (open.length > 0) {
    const next = (ways[open.at(-1) as number] as number[]).pop();
    if (next === undefined) circuit.push(open.pop() as number);
    else open.push(next);
  }
  return circuit.reverse();
}

function shuffled(list: number[], below: (bound: number) => number): number[] {
  for (let i = list.length - 1; i > 0; i -= 1) {
    const j = below(i + 1);
    [list[i], list[j]] = [list[j] as number, list[i] as number];
  }
  return list;
}
