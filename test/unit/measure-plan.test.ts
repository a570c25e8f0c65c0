import { describe, expect, test } from 'vitest';
import { planMeasurement } from '../../src/measure-plan.js';
import type { DataPath, MeasureOptions } from '../../src/types/measure.js';

const withCounters = (options: MeasureOptions) => planMeasurement(options);

describe('planMeasurement', () => {
  test('runs five seconds back to back by default', () => {
    expect(withCounters({})).toMatchObject({
      mode: 'sustained',
      minDurationMs: 5000,
      maxDurationMs: Number.POSITIVE_INFINITY,
      warmup: 10,
      kind: 'caused',
      idle: { beforeMs: undefined, afterMs: undefined },
      sham: false,
    });
  });

  test('takes a number of repetitions as it is', () => {
    expect(withCounters({ repetitions: 7, warmup: 0, idle: false })).toMatchObject({
      runs: 7,
      warmup: 0,
      kind: 'window',
      idle: { beforeMs: 0, afterMs: 0 },
      sentence: '7 runs, as asked.',
    });
  });

  test('ten bursts, where nothing says how many', () => {
    expect(withCounters({ mode: 'burst' })).toMatchObject({ runs: 10, sentence: '10 bursts, the default.' });
    expect(withCounters({ mode: 'burst', runsPerBlock: 4 })).toMatchObject({ runs: 40 });
    expect(withCounters({ mode: 'burst', minDurationMs: 50 }).runs).toBeUndefined();
  });

  test('a target without a bound on the time ends after ten minutes', () => {
    const target = { relativeUncertainty: 0.02, scope: 'board' };
    expect(withCounters({ target })).toMatchObject({
      target: { relative: 0.02, scope: 'board' },
      maxDurationMs: 600_000,
    });
    expect(withCounters({ target, maxDurationMs: 5 }).maxDurationMs).toBe(5);
  });

  test('a target without counters falls back to five seconds and says so', () => {
    const why = 'No energy counter can be read here';
    const plan = planMeasurement({ target: { relativeUncertainty: 0.02 }, mode: 'auto' }, why);
    expect(plan).toMatchObject({
      minDurationMs: 5000,
      mode: 'sustained',
      maxDurationMs: Number.POSITIVE_INFINITY,
    });
    expect(plan.target).toBeUndefined();
    expect(plan.sentence).toBe(`${why}, so no target can be met: runs for 5000 ms instead.`);
  });

  test.each<[string, MeasureOptions, string]>([
    ['two lengths', { repetitions: 1, minDurationMs: 1 }, 'invalid-argument'],
    ['no repetitions', { repetitions: 0 }, 'invalid-argument'],
    ['half a repetition', { repetitions: 1.5 }, 'invalid-argument'],
    ['an absurd number of them', { repetitions: 1e12 }, 'invalid-argument'],
    ['NaN ms', { minDurationMs: Number.NaN }, 'invalid-argument'],
    ['negative ms', { minDurationMs: -1 }, 'invalid-argument'],
    ['endless ms', { minDurationMs: Number.POSITIVE_INFINITY }, 'invalid-argument'],
    ['negative warm-up', { warmup: -1 }, 'invalid-argument'],
    ['negative idle', { idle: { beforeMs: -1 } }, 'invalid-argument'],
    ['endless idle', { idle: { afterMs: Number.POSITIVE_INFINITY } }, 'invalid-argument'],
    ['an unknown mode', { mode: 'fast' as 'auto' }, 'invalid-argument'],
    ['an unknown kind', { kind: 'net' as 'caused' }, 'invalid-argument'],
    ['an unknown option', { repetitons: 5 } as MeasureOptions, 'invalid-argument'],
    ['a target of 2 instead of 0.02', { target: { relativeUncertainty: 2 } }, 'invalid-argument'],
    ['a target of nothing', { target: {} as never }, 'invalid-argument'],
    [
      'a target of a scope that is no name',
      { target: { relativeUncertainty: 0.1, scope: 7 as never } },
      'invalid-argument',
    ],
    ['blocks of no runs', { runsPerBlock: 0 }, 'invalid-argument'],
    ['repetitions that make no whole blocks', { repetitions: 10, runsPerBlock: 4 }, 'invalid-argument'],
    ['a sham that is no truth value', { sham: 1 as never }, 'invalid-argument'],
    ['bursts without quiet time', { mode: 'burst', idle: false }, 'invalid-argument'],
    ['device tensors without a device', { dataPath: 'device' }, 'not-supported'],
    ['page-locked memory without a device', { dataPath: 'pinned' }, 'not-supported'],
    ['a data path that is none', { dataPath: 'moon' as never }, 'invalid-argument'],
  ])('refuses %s', (_, options, code) => {
    expect(() => withCounters(options)).toThrow(expect.objectContaining({ code }));
  });
});

describe('the data path', () => {
  const path = (dataPath: DataPath | undefined, graph: boolean) =>
    planMeasurement(dataPath === undefined ? {} : { dataPath }, undefined, { onDevice: true, graph })
      .dataPath;

  test('is host unless another is asked for', () => {
    expect(path(undefined, false)).toBe('host');
    for (const asked of ['host', 'pinned', 'device'] as const) expect(path(asked, false)).toBe(asked);
  });

  test('of a graph is device, and no other', () => {
    expect(path(undefined, true)).toBe('device');
    expect(path('device', true)).toBe('device');
    for (const asked of ['host', 'pinned'] as const) {
      expect(() => path(asked, true)).toThrow(expect.objectContaining({ code: 'not-supported' }));
    }
  });
});
