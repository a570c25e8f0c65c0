import { describe, expect, test } from 'vitest';
import type { InferAnswer } from '../src/types/protocol.js';
import {
  gapFault,
  inferFault,
  readBackFault,
  scalingFault,
  synchroniseFault,
  tailFault,
} from '../src/worker/honesty.js';

const S = 1_000_000_000n;

/** Ten inferences of half a second each, asked for at second 100, answered at second 105.1. */
const GOOD: InferAnswer = {
  n: 10,
  startNs: String(100n * S + S / 100n),
  endNs: String(105n * S + S / 100n),
  synchronised: { confirmed: true, by: 'the device' },
  durationsMs: Array(10).fill(499),
  each: true,
};
const fault = (change: Partial<InferAnswer>) =>
  inferFault({ answer: { ...GOOD, ...change }, sentNs: 100n * S, receivedNs: 105n * S + S / 10n }, 10);

describe('an answer to infer', () => {
  test('that fits together is believed', () => {
    expect(fault({})).toBeUndefined();
    // Launches only: the wait at the end is not in them.
    expect(fault({ each: false, durationsMs: Array(10).fill(1) })).toBeUndefined();
  });

  test.each<[string, Partial<InferAnswer>, RegExp]>([
    [
      'was not confirmed',
      { synchronised: { confirmed: false, reason: 'no device' } },
      /did not confirm .* no device/,
    ],
    ['ends before it begins', { endNs: String(99n * S) }, /ends before it begins/],
    [
      'begins before it was asked for',
      { startNs: String(99n * S) },
      /outside the time from request to answer/,
    ],
    ['ends after it was answered', { endNs: String(106n * S) }, /outside the time from request to answer/],
    ['counts other inferences', { n: 9 }, /ran 9 inferences, not 10/],
    ['times fewer', { durationsMs: Array(9).fill(499) }, /timed 9 inferences of 10/],
    [
      'has a duration that is none',
      { durationsMs: [...Array(9).fill(499), null as unknown as number] },
      /no number/,
    ],
    [
      'takes longer than its window',
      { durationsMs: Array(10).fill(600) },
      /took 6.00 s in a window of 5.00 s/,
    ],
    [
      'is each synchronised, and took no time',
      { durationsMs: Array(10).fill(1) },
      /took 0.0100 s of a window/,
    ],
  ])('that %s is not', (_, change, reason) => {
    expect(fault(change)).toMatch(reason);
  });
});

test('a window that leaves out much of the time it was asked in is not', () => {
  const gap = (endNs: bigint) =>
    gapFault({ answer: { ...GOOD, endNs: String(endNs) }, sentNs: 100n * S, receivedNs: 105n * S });
  expect(gap(105n * S)).toBeUndefined();
  expect(gap(103n * S)).toMatch(/2.01 s lie outside its window of 2.99 s/);
});

describe('a device that is said to be done', () => {
  test('is not, where waiting for it once more takes long', () => {
    const once = (seconds: number) =>
      synchroniseFault(
        {
          answer: {
            startNs: String(S),
            endNs: String(S + BigInt(seconds * 1e9)),
            synchronised: GOOD.synchronised,
          },
          sentNs: S,
          receivedNs: S + BigInt(seconds * 1e9),
        },
        5,
      );
    expect(once(0.01)).toBeUndefined();
    expect(once(2)).toMatch(/still busy: synchronising once more took 2.00 s after 5.00 s/);
  });

  test('is not, where outputs take longer after many inferences than after one', () => {
    expect(readBackFault(0.1, 0.15, 5)).toBeUndefined();
    expect(readBackFault(0.1, 3, 5)).toMatch(/reading outputs took 2.90 s more/);
  });

  test('is not, where the board goes on working', () => {
    expect(tailFault(200, 10)).toBeUndefined();
    expect(tailFault(200, 180)).toMatch(/180 W above idle after the window, 200 W in it/);
    expect(tailFault(-1, 5)).toBeUndefined();
  });
});

test('twice as many inferences take longer', () => {
  expect(scalingFault(10, 1, 20, 2.1)).toBeUndefined();
  expect(scalingFault(10, 1, 20, 1.05)).toBe('20 inferences took 1.05 s where 10 took 1.00 s.');
});
