// The values come from SciPy: study/tools/scipy_reference.py.
import { describe, expect, it } from 'vitest';
import { cliffsDelta, hedgesG, hedgesGOfPairs } from '../src/analysis/stats/effect-size.js';
import { holm } from '../src/analysis/stats/holm.js';
import { dunn, kruskalWallis, smallestDunn } from '../src/analysis/stats/kruskal-dunn.js';
import { mannWhitney, smallestMannWhitney } from '../src/analysis/stats/mann-whitney.js';
import { logRatio } from '../src/analysis/stats/paired.js';
import { shapiroWilk } from '../src/analysis/stats/shapiro-wilk.js';
import { spearman } from '../src/analysis/stats/spearman.js';
import { mean, quantile, scatterOfMean } from '../src/analysis/stats/summary.js';
import { pairedSamples, pairedT, signedRanks, twoSamples, welch } from '../src/analysis/stats/two-samples.js';
import reference from './scipy-reference.json';

const samples: Record<string, number[]> = reference.samples;
const sample = (name: string): number[] => samples[name] as number[];
const close = (actual: number | null | undefined, expected: number, relative = 1e-9) =>
  expect(Math.abs((actual as number) - expected)).toBeLessThanOrEqual(
    relative * Math.max(Math.abs(expected), 1e-12),
  );

describe('as SciPy', () => {
  it.each(reference.shapiro)('Shapiro-Wilk of $sample', ({ sample: name, w, p }) => {
    const result = shapiroWilk(sample(name));
    close(result?.w, w, 1e-8);
    close(result?.p, p, 1e-5);
  });

  it.each(reference.summary)('mean, Student interval and quartiles of $sample', (expected) => {
    const values = sample(expected.sample);
    close(mean(values), expected.mean, 1e-12);
    close(scatterOfMean(values), expected.half, 1e-7);
    close(quantile(values, 0.25), expected.q1, 1e-12);
    close(quantile(values, 0.75), expected.q3, 1e-12);
  });

  it.each(reference.pairs)('tests and effect sizes of $a and $b', (expected) => {
    const [a, b] = [sample(expected.a), sample(expected.b)];
    const t = welch(a, b);
    close(t.statistic, expected.welch.t);
    close(t.p, expected.welch.p, 1e-7);
    const ranked = mannWhitney(a, b);
    close(ranked.u, expected.mannWhitney.u);
    close(ranked.p, expected.mannWhitney.p, 1e-7);
    for (const key of ['value', 'lo', 'hi'] as const) {
      close(hedgesG(a, b)?.[key], expected.hedges[key]);
      close(cliffsDelta(a, b)[key], expected.cliff[key]);
    }
  });

  it.each(reference.groups)('Kruskal-Wallis and Dunn of $samples', (expected) => {
    const values = expected.samples.map(sample);
    const whole = kruskalWallis(values);
    close(whole?.h, expected.kruskal.h);
    close(whole?.p, expected.kruskal.p, 1e-7);
    const pairs = dunn(values);
    pairs.forEach((pair, i) => {
      close(pair.z, expected.dunn.z[i] as number);
      close(pair.p, expected.dunn.p[i] as number, 1e-7);
      close(pair.corrected, expected.dunn.corrected[i] as number, 1e-7);
    });
  });

  it.each(reference.paired)('pairs of $a and $b', (expected) => {
    const [a, b] = [sample(expected.a), sample(expected.b)];
    const ratios = a.map((value, i) => logRatio([value, b[i] as number]));
    const test = pairedT(ratios);
    close(test.statistic, expected.t.t);
    close(test.p, expected.t.p);
    close(signedRanks(ratios).p, expected.wilcoxon.p, 1e-7);
    const effect = hedgesGOfPairs(ratios);
    close(effect?.value, expected.hedges.value);
    close(effect?.lo, expected.hedges.lo);
    close(effect?.hi, expected.hedges.hi);
  });

  it.each(reference.spearman)('Spearman of $x and $y', (expected) => {
    const result = spearman(sample(expected.x), sample(expected.y));
    close(result?.rho, expected.rho);
    close(result?.p, expected.p, 1e-7);
    close(result?.lo, expected.lo);
    close(result?.hi, expected.hi);
  });

  it('Holm', () => {
    holm(reference.holm.p).forEach((p, i) => {
      close(p, reference.holm.corrected[i] as number);
    });
  });
});

describe('at the edges', () => {
  it('gives null where a test does not apply', () => {
    expect(shapiroWilk([1, 2])).toBeNull();
    expect(shapiroWilk([5, 5, 5, 5])).toBeNull();
    expect(
      kruskalWallis([
        [1, 1],
        [1, 1],
      ]),
    ).toBeNull();
    expect(spearman([1, 2, 3], [4, 4, 4])).toBeNull();
    expect(hedgesG([1, 1], [1, 1])).toBeNull();
    expect(scatterOfMean([3])).toBeNull();
    expect(twoSamples([1], [2, 3])).toBeNull();
    expect(holm([])).toEqual([]);
  });

  it('knows the smallest p that so few values can give', () => {
    expect(smallestMannWhitney(3, 3)).toBeCloseTo(0.1, 12);
    expect(mannWhitney([1, 2, 3], [4, 5, 6]).p).toBeCloseTo(smallestMannWhitney(3, 3), 12);
    const groups = [
      [1, 2, 3],
      [4, 5, 6],
      [7, 8, 9],
    ];
    const ends = dunn(groups).find(({ a, b }) => a === 0 && b === 2);
    expect(ends?.p).toBeCloseTo(smallestDunn(3, 3), 12);
  });

  it('chooses the test by normality of both samples', () => {
    expect(twoSamples(sample('normal-10'), sample('normal-10b'))?.test).toBe('Welch');
    expect(twoSamples(sample('normal-10'), sample('outlier-10'))?.test).toBe('Mann-Whitney');
    expect(twoSamples([1, 1, 1, 1], [2, 2, 2, 2])?.test).toBe('Mann-Whitney');
  });

  it('compares pairs by their ratios, by ranks where these seem not normal', () => {
    const b = sample('normal-10');
    const noisy = b.map((value, i) => 1.2 * value * (1 + 0.001 * ((i * 7) % 5)));
    expect(pairedSamples(noisy, b)?.test).toBe('paired t');
    expect(pairedSamples(sample('outlier-10'), b)?.test).toBe('Wilcoxon');
    expect(pairedSamples([1, 2, 3, 4], [2, 4, 6, 8])).toMatchObject({ test: 'Wilcoxon', p: 0.125 });
    expect(pairedSamples([1, 2], [1, 2])).toBeNull();
    expect(pairedSamples([1], [2])).toBeNull();
  });

  it('bounds a complete separation by the sample sizes', () => {
    const { value, lo, hi } = cliffsDelta([1, 2, 3, 4, 5], [6, 7, 8, 9, 10]);
    expect([value, lo]).toEqual([-1, -1]);
    expect(hi).toBeGreaterThan(-1);
    expect(hi).toBeLessThan(0);
  });
});
