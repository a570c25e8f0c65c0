import { describe, expect, test } from 'vitest';
import { analyse } from '../src/analysis/index.js';
import { page } from '../src/report/page.js';
import { type OverheadOptions, overhead } from '../src/run/overhead.js';
import type { Overhead, RunRecord } from '../src/types/journal.js';
import { randomNumbers, syntheticJournal } from './helpers/synthetic-journal.js';

/** Inferences of 2 ms that take a hundredth longer while the second meter is open. */
function bench(more: Partial<OverheadOptions> = {}) {
  const log: string[] = [];
  let opened = 0;
  let seconds = 7;
  const options: OverheadOptions = {
    seconds: 1.5,
    secondsEach: 0.002,
    sampled: true,
    open: async () => {
      opened += 1;
      seconds += 0.05;
      return {
        close: async () => {
          opened -= 1;
        },
      };
    },
    now: () => seconds,
    infer: async (n) => {
      log.push(`${n} ${opened > 0 ? 'on' : 'off'}`);
      const ns = Math.round(n * (opened > 0 ? 2.02e6 : 2e6));
      seconds += ns / 1e9;
      return { startNs: '1000', endNs: String(1000 + ns) };
    },
    ...more,
  };
  return { options, log, open: () => opened };
}

describe('blocks that tell what sampling costs', () => {
  test('alternate, in pairs whose order alternates too, with the second meter open in the one only', async () => {
    const { options, log, open } = bench();
    const { pairs, inferencesPerBlock, reason } = await overhead(options);
    expect([inferencesPerBlock, reason, open()]).toEqual([50, undefined, 0]);
    expect(log).toEqual(
      ['on', 'off', 'off', 'on', 'on', 'off', 'off', 'on', 'on', 'off'].flatMap((state) => [
        `25 ${state}`,
        `50 ${state}`,
      ]),
    );
    expect(pairs).toHaveLength(5);
    for (const [on, off] of pairs)
      expect([on, off]).toEqual([expect.closeTo(0.00202), expect.closeTo(0.002)]);
  });

  test.each([
    [{ seconds: 0 }, /overheadSeconds is 0/],
    [{ sampled: false }, /no counter can be read here/],
    [{ secondsEach: 0.5 }, /3 pairs of blocks take 6.0 s, and overheadSeconds is 1\.5/],
  ])('are none, with the reason: %j', async (more, reason) => {
    const { options, log } = bench(more);
    expect(await overhead(options)).toEqual({ pairs: [], reason: expect.stringMatching(reason) });
    expect(log).toEqual([]);
  });

  test('leave no second meter open when the worker fails', async () => {
    const { options, open } = bench({ infer: () => Promise.reject(new Error('gone')) });
    await expect(overhead(options)).rejects.toThrow('gone');
    expect(open()).toBe(0);
  });
});

describe('what sampling costs', () => {
  const study = (costOf: (run: RunRecord) => Overhead | undefined, repetitions = 6) =>
    syntheticJournal({
      seed: 3,
      table: { repetitions, subjects: [{ id: 'cpu', runtime: 'onnxruntime', provider: 'cpu' }] },
      truth: () => ({ gpuJ: 1, cpuJ: 1, seconds: 0.01 }),
      edit: (run) => {
        const overhead = costOf(run);
        return overhead ? { ...run, overhead } : run;
      },
    });
  const random = randomNumbers(5);
  const pairsOf = (share: number): Overhead => ({
    inferencesPerBlock: 10,
    pairs: Array.from({ length: 10 }, () => {
      const drift = 1 + 0.05 * random.normal();
      return [0.01 * drift * (1 + share + 0.001 * random.normal()), 0.01 * drift];
    }),
  });

  test.each([1, 6])('is told with its interval, from pairs of %i runs', async (repetitions) => {
    const analysis = analyse(study(() => pairsOf(0.001), repetitions));
    const [row] = analysis.overhead;
    expect(row).toMatchObject({ cell: 'cpu/resnet50/1', runs: repetitions, pairs: 10 * repetitions });
    const { value, lo, hi } = row?.difference ?? { value: Number.NaN, lo: Number.NaN, hi: Number.NaN };
    expect(lo).toBeLessThan(0.001);
    expect(hi).toBeGreaterThan(0.001);
    expect(Math.abs(value - 0.001)).toBeLessThan(0.001);
    expect(row?.sentence).toMatch(
      /^Sampling changed the time per inference by \+0\.\d\d % \(95 % CI [+−]?0\.\d\d % to \+0\.\d\d %\)\.$/,
    );
    expect(analysis.checks.filter(({ check }) => check === 'sampling')).toEqual([]);
    const journal = study(() => undefined);
    expect(await page(analysis, journal, {})).toContain(row?.sentence);
  });

  test('is a failed check where it is surely more than half a per cent', () => {
    const analysis = analyse(study(() => pairsOf(0.02)));
    expect(analysis.checks.filter(({ check }) => check === 'sampling')).toEqual([
      expect.objectContaining({ cell: 'cpu/resnet50/1', reason: expect.stringMatching(/by \+[12]\.\d\d %/) }),
    ]);
  });

  test('is not told, with the reason; of older journals nothing is said', () => {
    const [row] = analyse(study(() => ({ pairs: [], reason: 'no counter can be read here' }))).overhead;
    expect(row).toMatchObject({ difference: null, sentence: 'Not told: no counter can be read here.' });
    expect(analyse(study(() => undefined)).overhead).toEqual([]);
  });
});
