// On journals of known truth, over many seeds: what the intervals hold, and how often nothing is called a difference.
import { describe, expect, it } from 'vitest';
import { analyse } from '../src/analysis/index.js';
import type { CellResult, Value } from '../src/analysis/types.js';
import type { Cell } from '../src/types/table.js';
import { gpuSubject, type Synthetic, syntheticJournal } from './helpers/synthetic-journal.js';

const SEEDS = 100;
const seeds = Array.from({ length: SEEDS }, (_, i) => 7340033 + 977 * i);

const A = gpuSubject('a', 'pytorch');
const B = gpuSubject('b', 'onnxruntime');
const C = gpuSubject('c', 'tensorflow');
const joules = (of: Record<string, number>) => (cell: Cell) => ({
  gpuJ: of[cell.subject.id] as number,
  cpuJ: 0.1,
  seconds: 0.05,
});

const made = (seed: number, more: Omit<Synthetic, 'seed'>) => analyse(syntheticJournal({ seed, ...more }));

/** Fewest of n that a 95 % interval holds with all but one chance in 10,000 (normal approximation). */
const fewest = (n: number) => Math.floor(0.95 * n - 3.7 * Math.sqrt(0.05 * 0.95 * n));

describe('intervals of cells', () => {
  it.each([
    { repetitions: 2, shared: 0, gain: 0 },
    { repetitions: 4, shared: 0.01, gain: 0 },
    { repetitions: 8, shared: 0, gain: 0 },
    { repetitions: 8, shared: 0.02, gain: 0 },
    { repetitions: 8, shared: 0.01, gain: 0.05 },
  ])(
    'hold the truth with $repetitions runs, $shared shared and a gain of $gain',
    ({ repetitions, shared, gain }) => {
      const held = { own: 0, combined: 0 };
      for (const seed of seeds) {
        const { cells } = made(seed, {
          table: { subjects: [A], repetitions },
          truth: joules({ a: 5 }),
          scatter: 0.02,
          shared,
          gain,
          cpuMeasured: false,
        });
        const [cell] = cells as [CellResult];
        const { value, uncertainty, combinedUncertainty } = cell.perInference.gpu.net as Value;
        if (Math.abs(value - 5) <= (uncertainty as number)) held.own += 1;
        if (Math.abs(value - 5) <= (combinedUncertainty as number)) held.combined += 1;
      }
      expect(held.combined).toBeGreaterThanOrEqual(fewest(SEEDS));
      if (gain === 0) expect(held.own).toBeGreaterThanOrEqual(fewest(SEEDS));
    },
  );
});

describe('ratios', () => {
  it('hold the truth, in spite of a gain and of errors that all runs share', () => {
    let held = 0;
    let width = 0;
    for (const seed of seeds) {
      const { groups } = made(seed, {
        table: { subjects: [A, B], repetitions: 6 },
        truth: joules({ a: 5, b: 8 }),
        scatter: 0.02,
        shared: 0.03,
        gain: 0.05,
        cpuMeasured: false,
      });
      const ratio = groups[0]?.energy?.comparisons[0]?.ratio;
      if ((ratio?.lo as number) <= 5 / 8 && 5 / 8 <= (ratio?.hi as number)) held += 1;
      width += ((ratio?.hi as number) - (ratio?.lo as number)) / SEEDS;
    }
    expect(held).toBeGreaterThanOrEqual(fewest(SEEDS));
    // Without cancelling, 3 % shared and 5 % of gain on both sides would make it far wider.
    expect(width / (5 / 8)).toBeLessThan(0.08);
  });
});

describe('machines that differ', () => {
  const spread = (seed: number, of: Record<string, number>) =>
    made(seed, {
      table: { subjects: [A, B, C], repetitions: 5, nullRun: { subject: 'a' } },
      truth: joules(of),
      scatter: 0.01,
      machines: 0.08,
      cpuMeasured: false,
    });

  it('are in the interval of a cell, and not in that of a ratio', () => {
    let held = 0;
    let width = 0;
    for (const seed of seeds) {
      const { groups, cells, notes } = spread(seed, { a: 5, b: 8, c: 9 });
      const comparison = groups[0]?.energy?.comparisons.find(
        ({ a, b }) => `${a} ${b}` === 'a/resnet50/1 b/resnet50/1',
      );
      const { lo, hi, pairs } = comparison?.ratio ?? {};
      expect(pairs).toBe(5);
      expect(['paired t', 'Wilcoxon']).toContain(comparison?.test?.test);
      if ((lo as number) <= 5 / 8 && 5 / 8 <= (hi as number)) held += 1;
      width += ((hi as number) - (lo as number)) / (5 / 8) / SEEDS;
      expect(notes.join(' ')).toMatch(/4 cells were made on more than one machine.*in pairs/);
      const [cell] = cells as [CellResult];
      expect((cell.perInference.gpu.net as Value).uncertainty).toBeGreaterThan(0.05);
    }
    expect(held).toBeGreaterThanOrEqual(fewest(SEEDS));
    // As two samples it would be over four times as wide.
    expect(width).toBeLessThan(0.05);
  });

  it('make no difference of nothing, and hide none', () => {
    const families = (of: Record<string, number>) =>
      seeds.flatMap((seed) => [spread(seed, of).groups[0]?.energy?.comparisons ?? []]);
    const found = (family: { verdict: string }[]) =>
      family.filter(({ verdict }) => verdict === 'less').length;
    const wrong = families({ a: 5, b: 5, c: 5 }).filter((family) => found(family) > 0).length;
    expect(wrong).toBeLessThanOrEqual(SEEDS - fewest(SEEDS));
    const right = families({ a: 5, b: 5.5, c: 6 }).reduce((sum, family) => sum + found(family), 0);
    expect(right / (3 * SEEDS)).toBeGreaterThan(0.7);
  });

  it('leave runs out of a comparison that have no partner', () => {
    const journal = syntheticJournal({
      seed: 5,
      table: { subjects: [A, B], repetitions: 4 },
      truth: joules({ a: 5, b: 8 }),
      scatter: 0.01,
      machines: 0.08,
      edit: (run) => (run.id === 'b/resnet50/1#2' ? null : run),
    });
    const energy = analyse(journal).groups[0]?.energy;
    expect(energy?.comparisons[0]?.ratio.pairs).toBe(3);
    expect(energy?.tooFew.join(' ')).toMatch(
      /^With 3 pairs the Wilcoxon test gives no p below 0.25; 6 pairs could\./,
    );
  });
});

describe('verdicts', () => {
  const verdicts = (of: Record<string, number>, nullRun: { subject: string } | null) =>
    seeds.flatMap((seed) => {
      const { groups } = made(seed, {
        table: { subjects: [A, B, C], repetitions: 6, nullRun },
        truth: joules(of),
        scatter: 0.02,
        shared: 0.01,
        cpuMeasured: false,
      });
      const { energy, time } = groups[0] ?? {};
      return [[...(energy?.comparisons ?? [])], [...(time?.comparisons ?? [])]];
    });
  const wrong = (families: { verdict: string }[][]) =>
    families.filter((family) => family.some(({ verdict }) => verdict === 'less')).length;

  it('find no difference in nothing, but for one study in twenty', () => {
    const families = verdicts({ a: 5, b: 5, c: 5 }, null);
    expect(families).toHaveLength(2 * SEEDS);
    expect(wrong(families)).toBeLessThanOrEqual(2 * SEEDS - fewest(2 * SEEDS));
  });

  it('find still fewer above the floor of a null run', () => {
    expect(wrong(verdicts({ a: 5, b: 5, c: 5 }, { subject: 'a' }))).toBeLessThanOrEqual(0.025 * 2 * SEEDS);
  });

  it('find a difference that is there', () => {
    const found = verdicts({ a: 5, b: 6, c: 8 }, { subject: 'a' }).filter((_, i) => i % 2 === 0);
    const all = found.flat().filter(({ verdict }) => verdict === 'less').length;
    expect(all / found.flat().length).toBeGreaterThan(0.95);
  });
});
