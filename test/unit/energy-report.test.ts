import { describe, expect, test } from 'vitest';
import type { NativeChannel } from '../../src/native.js';
import { combined, quantity } from '../../src/quantity.js';
import { totalOf } from '../../src/total.js';
import type { Energy } from '../../src/types/energy.js';

const channel = (id: string, scope: string, index = 0, unsupported = false): NativeChannel => ({
  id,
  scope,
  index,
  source: 'nvml',
  method: 'test',
  key: id,
  uuid: '',
  pciBusId: '',
  ...(unsupported ? { unsupported: { code: 'not-supported', reason: 'no', remedy: '' } } : {}),
});

const energy = (id: string, scope: string, value: number, twoPoint: number, rest: number) =>
  ({
    id,
    scope,
    kind: 'window',
    method: 'test',
    status: 'ok',
    value,
    uncertainty: twoPoint + rest,
    combinedUncertainty: 0,
    unit: 'J',
    budget: {
      coverage: 0.95,
      terms: [
        { name: 'cut-interval', uncertainty: twoPoint, distribution: 'two-point', key: id },
        { name: 'quantum', uncertainty: rest, distribution: 'rectangular', key: id },
      ],
      gain: { relative: 0.05, distribution: 'rectangular', key: id },
    },
  }) as Energy;

describe('the uncertainty with the gain', () => {
  test('is never less than that without it, and never more than their sum', () => {
    for (const u of [0, 0.1, 1, 5, 20]) {
      expect(combined(u, 100)).toBeGreaterThanOrEqual(Math.max(u, 0.95 * 5));
      expect(combined(u, 100)).toBeLessThanOrEqual(u + 5);
    }
    expect(combined(3, 0)).toBe(3);
  });

  test('covers 95 % of a normal error with a rectangular gain', () => {
    // Midpoint quadrature over the rectangular gain of the normal's mass within the interval.
    const erf = (x: number) => {
      const t = 1 / (1 + 0.3275911 * Math.abs(x));
      const poly =
        ((((1.061405429 * t - 1.453152027) * t + 1.421413741) * t - 0.284496736) * t + 0.254829592) * t;
      return Math.sign(x) * (1 - poly * Math.exp(-x * x));
    };
    for (const u of [0.5, 2, 5, 10, 50]) {
      const sd = u / 1.96;
      const c = combined(u, 100);
      let mass = 0;
      for (let i = 0; i < 2000; ++i) {
        const g = -5 + (10 * (i + 0.5)) / 2000;
        mass += (erf((c - g) / (sd * Math.SQRT2)) - erf((-c - g) / (sd * Math.SQRT2))) / 2 / 2000;
      }
      expect(mass).toBeGreaterThan(0.9499);
    }
  });
});

test('a quantity gives the ends of its interval only where they are not symmetric', () => {
  expect(quantity({ value: 5, uncertainty: 2, lo: 3, hi: 7 }, 'J')).not.toHaveProperty('lo');
  expect(quantity({ value: 5, uncertainty: 2, lo: 4, hi: 7 }, 'J')).toMatchObject({ lo: 4, hi: 7 });
  expect(quantity({ value: 5, uncertainty: 2, lo: Number.NaN, hi: Number.NaN }, 'W')).not.toHaveProperty(
    'lo',
  );
});

describe('the total', () => {
  test('adds disjoint scopes only: a module stands for its board, and memory within a board is left out', () => {
    const channels = [
      channel('board-0', 'board'),
      channel('module-0', 'module'),
      channel('board-1', 'board', 1),
      channel('gpu-memory-1', 'gpu-memory', 1),
      channel('package-0', 'cpu-package'),
      channel('core-0', 'cpu-core'),
      channel('dram-0', 'dram'),
    ];
    const scopes = Object.fromEntries(channels.map(({ id, scope }) => [id, energy(id, scope, 10, 1, 1)]));
    const total = totalOf(channels, scopes);
    expect(total?.of).toEqual(['module-0', 'board-1', 'package-0', 'dram-0']);
    expect(total).toMatchObject({ status: 'ok', value: 40 });
  });

  test('adds no platform: what it covers beside the processor is not known', () => {
    const channels = [channel('platform-0', 'platform'), channel('package-0', 'cpu-package')];
    const scopes = Object.fromEntries(channels.map(({ id, scope }) => [id, energy(id, scope, 10, 1, 1)]));
    expect(totalOf(channels, scopes)?.of).toEqual(['package-0']);
    expect(totalOf(channels.slice(0, 1), scopes)).toBeUndefined();
  });

  test('adds what lies on one side linearly and the rest in quadrature', () => {
    const channels = [channel('board-0', 'board'), channel('board-1', 'board', 1)];
    const scopes = {
      'board-0': energy('board-0', 'board', 100, 3, 3),
      'board-1': energy('board-1', 'board', 100, 4, 4),
    };
    expect(totalOf(channels, scopes)).toMatchObject({ value: 200, uncertainty: 7 + 5 });
  });

  test('leaves out what is unsupported, is suspect with any part that is, and absent where nothing is measured', () => {
    const channels = [channel('board-0', 'board'), channel('package-0', 'cpu-package', 0, true)];
    const no = { id: 'package-0', status: 'unsupported' } as Energy;
    const total = totalOf(channels, { 'board-0': energy('board-0', 'board', 5, 1, 1), 'package-0': no });
    expect(total?.of).toEqual(['board-0']);
    const suspect = { id: 'board-0', scope: 'board', status: 'suspect', cause: 'device-lost' } as Energy;
    expect(totalOf(channels, { 'board-0': suspect, 'package-0': no })).toMatchObject({
      status: 'suspect',
      cause: 'device-lost',
    });
    expect(totalOf(channels, { 'package-0': no })).toBeUndefined();
  });
});
