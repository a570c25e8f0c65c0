// The synchronised loop below `measure`.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InferenceSession, Tensor } from '../../src/index.js';
import { type NativeLoop, NO_RUNS } from '../../src/measure.js';
import { chain, unary } from '../helpers/onnx-model.js';

const request = (part: Partial<NativeLoop>): NativeLoop => ({ ...NO_RUNS, ...part });
const MS = 1e6;

/** The four instants of a block. */
const instants = ({ marksNs }: { marksNs: BigInt64Array }, block = 0) => {
  const [quietFrom, start, end, quietUntil] = marksNs.subarray(4 * block, 4 * block + 4);
  return { quietFrom, start, end, quietUntil } as Record<
    'quietFrom' | 'start' | 'end' | 'quietUntil',
    bigint
  >;
};

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
    const stamps = [before, ...result.marksNs, after];
    expect(stamps).toHaveLength(6);
    expect([...stamps].sort((a, b) => (a < b ? -1 : 1))).toEqual(stamps);
    const total = result.durationsNs.reduce((a, b) => a + b, 0);
    const { start, end } = instants(result);
    expect(total).toBeLessThanOrEqual(Number(end - start));
    expect(result.outputs.y?.data).toEqual(Float32Array.of(-1, -2));
  });

  test('idle times lie between the marks', async () => {
    const result = await session.measureNative(
      feeds,
      request({ repetitions: 1, idleBeforeNs: 20 * MS, idleAfterNs: 10 * MS }),
    );
    const { quietFrom, start, end, quietUntil } = instants(result);
    expect(Number(start - quietFrom)).toBeGreaterThanOrEqual(20 * MS);
    expect(Number(quietUntil - end)).toBeGreaterThanOrEqual(10 * MS);
  });

  test('a least duration is reached, and the last run is whole', async () => {
    const result = await session.measureNative(feeds, request({ minDurationNs: 30 * MS }));
    const { start, end } = instants(result);
    expect(Number(end - start)).toBeGreaterThanOrEqual(30 * MS);
    expect(result.durationsNs.length).toBeGreaterThan(1);
  });

  test('the longest duration ends it before the repetitions are done', async () => {
    const result = await session.measureNative(feeds, request({ repetitions: 1e9, maxDurationNs: 20 * MS }));
    expect(result.durationsNs.length).toBeLessThan(1e9);
    const { start, end } = instants(result);
    expect(Number(end - start)).toBeGreaterThanOrEqual(20 * MS);
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

  test('blocks have runs and quiet time of their own, and begin where they are told to in the period', async () => {
    const phases = Float64Array.of(0.25, 0.75, 0.5);
    const origin = process.hrtime.bigint();
    const result = await session.measureNative(
      feeds,
      request({
        warmup: 2,
        repetitions: 4,
        idleBeforeNs: 5 * MS,
        idleAfterNs: 3 * MS,
        phases,
        periodNs: 40 * MS,
        originNs: origin,
      }),
    );
    expect(result.runs).toEqual(Float64Array.of(4, 4, 4));
    expect(result.durationsNs).toHaveLength(12);
    const stamps = [...result.marksNs];
    expect([...stamps].sort((a, b) => (a < b ? -1 : 1))).toEqual(stamps);
    phases.forEach((phase, i) => {
      const { quietFrom, start, end, quietUntil } = instants(result, i);
      expect(Number(start - quietFrom)).toBeGreaterThanOrEqual(5 * MS);
      expect(Number(quietUntil - end)).toBeGreaterThanOrEqual(3 * MS);
      // Not before its instant; how much later is the scheduler's affair.
      const earliest = Number(quietFrom - origin) + 5 * MS;
      const periods = Math.ceil(earliest / (40 * MS) - phase);
      expect(Number(start - origin)).toBeGreaterThanOrEqual((periods + phase) * 40 * MS - 1);
    });
  });

  test('a sham follows each block, as long and without a run', async () => {
    const result = await session.measureNative(
      feeds,
      request({ repetitions: 200, phases: new Float64Array(2), sham: true, idleBeforeNs: MS }),
    );
    expect(result.runs).toEqual(Float64Array.of(200, 0, 200, 0));
    expect(result.durationsNs).toHaveLength(400);
    for (const block of [0, 2]) {
      const work = instants(result, block);
      const sham = instants(result, block + 1);
      expect(sham.end - sham.start).toBeGreaterThanOrEqual(work.end - work.start);
      expect(sham.quietFrom).toBeGreaterThanOrEqual(work.quietUntil);
    }
  });

  test('no block is begun that the time left does not hold, but for the first', async () => {
    const result = await session.measureNative(
      feeds,
      request({ repetitions: 1, idleAfterNs: 30 * MS, phases: new Float64Array(1000), budgetNs: MS }),
    );
    expect(result.runs).toEqual(Float64Array.of(1));
  });

  test('tells how many blocks are done', async () => {
    const done: number[] = [];
    await session.measureNative(
      feeds,
      request({
        repetitions: 1,
        phases: new Float64Array(3),
        progress: (_, __, ___, blocks) => done.push(blocks),
      }),
    );
    expect(new Set(done)).toEqual(new Set([0, 1, 2]));
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
    ['between blocks', { repetitions: 1, idleAfterNs: MS, phases: new Float64Array(1e6), periodNs: 20 * MS }],
    ['in a sham', { minDurationNs: 15 * MS, sham: true, phases: new Float64Array(1e6) }],
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
