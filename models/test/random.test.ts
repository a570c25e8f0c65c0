import { describe, expect, test } from 'vitest';
import { normals, uniformIntegers } from '../src/index.js';
import { normalQuantile, normalQuantileOf } from '../src/normal.js';
import { RandomStream } from '../src/random.js';
import { spread } from './helpers.js';

describe('xoshiro128**', () => {
  test('gives what the authors’ C program gives from the state 1, 2, 3, 4', () => {
    const stream = RandomStream.fromState([1, 2, 3, 4]);
    const expected = [
      11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804,
      337829053, 2142557243,
    ];
    expect(expected.map(() => stream.uint32())).toEqual(expected);
  });

  test('streams differ by name and by seed, and are repeated by the same', () => {
    const first = (seed: number, name: string) => new RandomStream(seed, name).uint32();
    expect(first(1, 'a')).toBe(first(1, 'a'));
    expect(new Set([first(0, 'a'), first(1, 'a'), first(0, 'b'), first(1, 'b')]).size).toBe(4);
  });
});

describe('the normal quantile', () => {
  // Tables of Φ⁻¹, 10 digits.
  const table: [probability: number, quantile: number][] = [
    [0.6, 0.2533471031],
    [0.75, 0.6744897502],
    [0.9, 1.2815515655],
    [0.924, 1.432502721],
    [0.926, 1.446632063],
    [0.975, 1.9599639845],
    [0.999, 3.0902323062],
    [0.999999, 4.7534243088],
  ];

  test.each(table)('at %f', (probability, quantile) => {
    // 2^-32 of probability is this much of the quantile.
    const resolution = 2 ** -32 * Math.sqrt(2 * Math.PI) * Math.exp((quantile * quantile) / 2);
    expect(Math.abs(normalQuantileOf(probability) - quantile)).toBeLessThan(1e-6 + resolution);
  });

  test('is odd, and finite at both ends', () => {
    for (const u of [0, 1, 12345, 322122547, 2 ** 31 - 1]) {
      expect(normalQuantile(2 ** 32 - 1 - u)).toBe(-normalQuantile(u));
    }
    expect(normalQuantile(0)).toBeCloseTo(-6.3378, 3);
  });

  test('rises from each branch to the next', () => {
    const u = Math.round(0.075 * 2 ** 32);
    let last = normalQuantile(u - 2000);
    for (let i = u - 1999; i < u + 2000; i += 1) {
      const next = normalQuantile(i);
      // The branches meet within the accuracy of the approximation.
      expect(next - last).toBeGreaterThan(-2e-7);
      last = next;
    }
  });
});

test('normal values have the moments of a normal distribution', () => {
  const values = normals(7, 'moments', 200_000);
  const { mean, deviation } = spread(values);
  expect(Math.abs(mean)).toBeLessThan(0.01);
  expect(Math.abs(deviation - 1)).toBeLessThan(0.01);
  const fourth = values.reduce((sum, v) => sum + v ** 4, 0) / values.length;
  expect(Math.abs(fourth - 3)).toBeLessThan(0.15);
});

test('many at once are the same as one by one', () => {
  const values = new Float32Array(1000);
  new RandomStream(3, 'many').fillNormal(values, 10, 2);
  const single = new RandomStream(3, 'many');
  expect(values).toEqual(values.map(() => 10 + 2 * single.normal()));
});

test('whole numbers fill their range evenly and stay in it', () => {
  const counts = new Map<number, number>();
  for (const v of uniformIntegers(1, 'ids', 80_000, -3, 5)) counts.set(v, (counts.get(v) ?? 0) + 1);
  expect([...counts.keys()].sort((a, b) => a - b)).toEqual([-3, -2, -1, 0, 1, 2, 3, 4]);
  // 5 standard deviations of a binomial count.
  for (const count of counts.values()) expect(Math.abs(count - 10_000)).toBeLessThan(470);
});
