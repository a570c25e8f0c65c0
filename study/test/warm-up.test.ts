// The end of a warm-up, on a clock and a temperature of the test's.
import { expect, test } from 'vitest';
import { warmUp } from '../src/run/warm-up.js';
import type { Protocol } from '../src/types/table.js';
import type { Worker } from '../src/worker/client.js';

const S = 1_000_000_000n;

/** Inferences of 10 ms each, one after the other. */
function workerAt(clock: { now: bigint }): Worker {
  const request = async (_: unknown, __: unknown) => {
    const { n } = _ as { n: number };
    const sentNs = clock.now;
    clock.now += (BigInt(n) * S) / 100n;
    const answer = {
      n,
      startNs: String(sentNs),
      endNs: String(clock.now),
      synchronised: { confirmed: true, by: 'the test' },
      durationsMs: Array(n).fill(10),
      each: true,
    };
    return { answer, sentNs, receivedNs: clock.now };
  };
  return { request } as unknown as Worker;
}

/** Seconds of warm-up where the temperature is `celsius` after so many seconds; what follows it is short. */
async function secondsOf(
  warmup: Partial<Protocol['warmup']>,
  celsius: (seconds: number) => number | null,
): Promise<number> {
  const clock = { now: 100n * S };
  const { start, end } = await warmUp({
    worker: workerAt(clock),
    protocol: {
      warmup: { inferences: 1, seconds: 1, maxSlopeCPerMinute: 6, timeoutSeconds: 60, ...warmup },
      windowSeconds: 0.1,
      timeoutSeconds: 60,
    } as Protocol,
    temperature: async (_, to) => celsius(Number(to - 100n * S) / 1e9),
    signal: new AbortController().signal,
  });
  return Number(end - start) / 1e9;
}

test('a level temperature ends it once it is known to be level', async () => {
  // A degree in ten seconds is the slope: it takes these to see that there is none.
  const seconds = await secondsOf({}, () => 40);
  expect(seconds).toBeGreaterThan(10);
  expect(seconds).toBeLessThan(15);
});

test('any slope may be allowed: looks further apart than it takes to see one do not keep it going', async () => {
  expect(await secondsOf({ maxSlopeCPerMinute: 1000 }, () => 40)).toBeLessThan(3);
  expect(await secondsOf({ maxSlopeCPerMinute: 1000, seconds: 5 }, (s) => 40 + s)).toBeLessThan(10);
});

test('a temperature that goes on rising holds it up to its time-out, and one that levels off until then', async () => {
  expect(await secondsOf({}, (s) => 40 + s)).toBeGreaterThanOrEqual(60);
  const seconds = await secondsOf({}, (s) => 40 + Math.min(s, 12));
  expect(seconds).toBeGreaterThan(12);
  expect(seconds).toBeLessThan(45);
});

test('what cannot be read holds nothing up', async () => {
  expect(await secondsOf({}, () => null)).toBeLessThan(3);
});
