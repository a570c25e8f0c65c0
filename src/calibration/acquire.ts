// Bursts at planned phases, and the marks of what really ran.
import { sleepUnlessAborted } from '../abort.js';
import { mark } from '../mark.js';
import type { NativeCalibrationRequest } from '../native.js';
import { nextStart } from '../planner/block-design.js';
import type { Mark } from '../types/energy.js';
import type { AbortSignalLike } from '../types/meter.js';
import { burst, type Load } from './load.js';
import type { PlannedBurst } from './plan.js';

const NS_PER_MS = 1e6;
const SHAM_MS = 5;

export interface Acquisition {
  load: Load;
  /** Runs of each length. */
  runs: ReadonlyMap<number, number>;
  periodMs: number;
  gapMs: number;
  signal?: AbortSignalLike | undefined;
  onBurst(done: number): void;
}

export async function acquire(
  bursts: readonly PlannedBurst[],
  { load, runs, periodMs, gapMs, signal, onBurst }: Acquisition,
): Promise<Omit<NativeCalibrationRequest, 'channel'>> {
  const origin = mark();
  const marks: { a: Mark; b: Mark }[] = [];
  let free = gapMs;
  for (const { kindMs, phase } of bursts) {
    const at = nextStart(free, phase, periodMs, 0);
    const quietMs = Math.max(0, at - elapsedMs(origin));
    const count = runs.get(kindMs);
    const { a, b } =
      count === undefined
        ? await sham(quietMs, signal)
        : await burst(load, count, quietMs * NS_PER_MS, signal);
    marks.push({ a, b });
    free = Number(b - origin) / NS_PER_MS + gapMs;
    onBurst(marks.length);
  }
  await sleepUnlessAborted(gapMs, signal);
  return withQuiet(bursts, marks, origin, mark());
}

// What is between two bursts is quiet time of both.
function withQuiet(
  bursts: readonly PlannedBurst[],
  marks: readonly { a: Mark; b: Mark }[],
  from: Mark,
  to: Mark,
): Omit<NativeCalibrationRequest, 'channel'> {
  return {
    marks: BigInt64Array.from(marks.flatMap(({ a, b }) => [a, b])),
    kinds: Float64Array.from(bursts, ({ kindMs }) => kindMs),
    idleBeforeNs: BigInt64Array.from(marks, ({ a }, i) => a - (marks[i - 1]?.b ?? from)),
    idleAfterNs: BigInt64Array.from(marks, ({ b }, i) => (marks[i + 1]?.a ?? to) - b),
  };
}

async function sham(quietMs: number, signal: AbortSignalLike | undefined): Promise<{ a: Mark; b: Mark }> {
  await sleepUnlessAborted(quietMs, signal);
  const a = mark();
  await sleepUnlessAborted(SHAM_MS, signal);
  return { a, b: mark() };
}

function elapsedMs(origin: Mark): number {
  return Number(mark() - origin) / NS_PER_MS;
}
