// What a call takes, from segments of many.
import { blockStatistics, halfWidth } from '../planner/block-statistics.js';
import type { Quantity } from '../types/energy.js';
import type { PhaseSegment, SegmentKind } from '../types/phases.js';
import type { CallTimes } from './energy.js';
import { KINDS } from './plan.js';

const NS_PER_MS = 1e6;
const MISS = 0.05;

export function lengthMs({ start, end }: Pick<PhaseSegment, 'start' | 'end'>): number {
  return Number(end - start) / NS_PER_MS;
}

/** Segments over calls; U from how much it changes from one segment to the next. */
export function callTimes(segments: readonly PhaseSegment[]): CallTimes {
  const working = KINDS.filter((kind) => kind !== 'idle');
  return new Map(working.map((kind): [SegmentKind, Quantity] => [kind, callTime(segments, kind)]));
}

function callTime(segments: readonly PhaseSegment[], kind: SegmentKind): Quantity {
  const own = segments.filter((segment) => segment.kind === kind);
  const total = own.reduce((sum, segment) => sum + lengthMs(segment), 0);
  const calls = own.reduce((sum, segment) => sum + segment.calls, 0);
  const means = blockStatistics(own.map((segment) => lengthMs(segment) / segment.calls));
  const uncertainty = halfWidth(means, MISS);
  return { value: total / calls, uncertainty, combinedUncertainty: uncertainty, unit: 'ms' };
}
