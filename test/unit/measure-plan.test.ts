import { describe, expect, test } from 'vitest';
import { planMeasurement } from '../../src/measure-plan.js';
import type { MeasureOptions } from '../../src/types/measure.js';

const withCounters = (options: MeasureOptions) => planMeasurement(options, true);

describe('planMeasurement', () => {
  test('runs five seconds by default, with a second of quiet time on both sides', () => {
    expect(withCounters({})).toMatchObject({
      repetitions: 0,
      minDurationMs: 5000,
      maxDurationMs: Number.POSITIVE_INFINITY,
      warmup: 10,
      idleBeforeMs: 1000,
      idleAfterMs: 1000,
    });
  });

  test('takes a number of repetitions as it is', () => {
    expect(withCounters({ repetitions: 7, warmup: 0, idle: false })).toMatchObject({
      repetitions: 7,
      minDurationMs: 0,
      warmup: 0,
      idleBeforeMs: 0,
      idleAfterMs: 0,
    });
  });

  test('a target without counters falls back to five seconds and says so', () => {
    const plan = planMeasurement({ target: { relativeUncertainty: 0.02 } }, false);
    expect(plan.minDurationMs).toBe(5000);
    expect(plan.sentence).toContain('no target can be met');
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
    ['a target, which this version cannot plan', { target: { relativeUncertainty: 0.02 } }, 'not-supported'],
    ['bursts, which this version does not measure', { mode: 'burst' }, 'not-supported'],
    ['device tensors, which this version lacks', { dataPath: 'device' }, 'not-supported'],
  ])('refuses %s', (_, options, code) => {
    expect(() => withCounters(options)).toThrow(expect.objectContaining({ code }));
  });
});
