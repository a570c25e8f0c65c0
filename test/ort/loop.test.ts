// The synchronised loop below `measure`.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InferenceSession, Tensor } from '../../src/index.js';
import type { LoopRequest } from '../../src/session.js';
import { chain, unary } from '../helpers/onnx-model.js';

const request = (part: Partial<LoopRequest>): LoopRequest => ({
  warmup: 0,
  repetitions: 0,
  minDurationNs: 0,
  maxDurationNs: 0,
  idleBeforeNs: 0,
  idleAfterNs: 0,
  progress: undefined,
  ...part,
});
const MS = 1e6;

describe('the synchronised loop', () => {
  let session: InferenceSession;
  const feeds = { x: new Tensor('float32', [1, 2], [2]) };
  beforeAll(async () => {
    session = await InferenceSession.create(unary('Neg', 'float32', ['n']));
  });
  afterAll(() => session.release());

  test('runs so many times and stamps each run inside its marks', async () => {
    const before = process.hrtime.bigint();
    const result = await session.measureNative(feeds, request({ warmup: 3, repetitions: 500 }));
    const after = process.hrtime.bigint();
    expect(result.durationsNs).toHaveLength(500);
    expect(result.durationsNs.every((ns) => ns > 0)).toBe(true);
    const stamps = [before, result.quietFromNs, result.startNs, result.endNs, result.quietUntilNs, after];
    expect([...stamps].sort((a, b) => (a < b ? -1 : 1))).toEqual(stamps);
    const total = result.durationsNs.reduce((a, b) => a + b, 0);
    expect(total).toBeLessThanOrEqual(Number(result.endNs - result.startNs));
    expect(result.outputs.y?.data).toEqual(Float32Array.of(-1, -2));
  });

  test('idle times lie between the marks', async () => {
    const result = await session.measureNative(
      feeds,
      request({ repetitions: 1, idleBeforeNs: 20 * MS, idleAfterNs: 10 * MS }),
    );
    expect(Number(result.startNs - result.quietFromNs)).toBeGreaterThanOrEqual(20 * MS);
    expect(Number(result.quietUntilNs - result.endNs)).toBeGreaterThanOrEqual(10 * MS);
  });

  test('a least duration is reached, and the last run is whole', async () => {
    const result = await session.measureNative(feeds, request({ minDurationNs: 30 * MS }));
    expect(Number(result.endNs - result.startNs)).toBeGreaterThanOrEqual(30 * MS);
    expect(result.durationsNs.length).toBeGreaterThan(1);
  });

  test('the longest duration ends it before the repetitions are done', async () => {
    const result = await session.measureNative(feeds, request({ repetitions: 1e9, maxDurationNs: 20 * MS }));
    expect(result.durationsNs.length).toBeLessThan(1e9);
    expect(Number(result.endNs - result.startNs)).toBeGreaterThanOrEqual(20 * MS);
  });

  test('tells its phases in order', async () => {
    const seen: [number, number][] = [];
    await session.measureNative(
      feeds,
      request({
        warmup: 2,
        repetitions: 10,
        idleBeforeNs: MS,
        idleAfterNs: MS,
        progress: (phase, runs) => seen.push([phase, runs]),
      }),
    );
    expect(seen.map(([phase]) => phase)).toEqual([0, 1, 2, 2, 3]);
    expect(seen.at(-1)).toEqual([3, 10]);
  });

  test('runs queue behind it, in order', async () => {
    const order: string[] = [];
    const loop = session.measureNative(feeds, request({ repetitions: 100 })).then(() => order.push('loop'));
    const run = session.run(feeds).then(() => order.push('run'));
    await Promise.all([loop, run]);
    expect(order).toEqual(['loop', 'run']);
  });

  test.each([
    ['in a quiet time', { repetitions: 1, idleBeforeNs: 60_000 * MS }],
    ['in the loop', { minDurationNs: 60_000 * MS }],
    ['in the warm-up', { warmup: 1e9, repetitions: 1 }],
  ])('stops at once when it is aborted %s', async (_, part) => {
    const controller = new AbortController();
    const loop = session.measureNative(feeds, request(part), controller.signal);
    setTimeout(() => controller.abort(new Error('enough')), 20);
    await expect(loop).rejects.toThrow('enough');
    expect((await session.run(feeds)).y?.data).toEqual(Float32Array.of(-1, -2));
  });

  test('checks its feeds like run', async () => {
    await expect(session.measureNative({}, request({ repetitions: 1 }))).rejects.toThrow(/'x' is missing/);
  });
});

test('inputs are copied once: a change during the loop is not seen', async () => {
  const session = await InferenceSession.create(chain(64, 10));
  const x = new Tensor('float32', new Float32Array(64 * 64), [64, 64]);
  const loop = session.measureNative({ x }, request({ repetitions: 50 }));
  (x.data as Float32Array).fill(1);
  expect(new Set((await loop).outputs.y?.data as Float32Array)).toEqual(new Set([0]));
  await session.release();
});
