// Several sessions on one device: who is seen, who waits, and that a wait ends.
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InferenceSession, type Meter, mark, Tensor } from '../../src/index.js';
import type { MeasureOptions } from '../../src/types/measure.js';
import { root } from '../helpers/child.js';
import { sleep } from '../helpers/fake-nvml.js';
import { FakePerf } from '../helpers/fake-perf.js';
import { unary } from '../helpers/onnx-model.js';
import { withMeter } from '../helpers/with-meter.js';

const feeds = { x: new Tensor('float32', [1, 2], [2]) };
const short: MeasureOptions<Meter> = { minDurationMs: 200, idle: false, warmup: 1 };
const perf = new FakePerf();
let own: InferenceSession;
let other: InferenceSession;
beforeAll(async () => {
  own = await InferenceSession.create(unary('Neg', 'float32', ['n']));
  other = await InferenceSession.create(unary('Neg', 'float32', ['n']), { logId: 'the other' });
});
afterAll(async () => {
  await own.release();
  await other.release();
});

/** Runs of the other session, one after the other, until they are stopped; their number comes back. */
function runsOf(session: InferenceSession): () => Promise<number> {
  let on = true;
  const runs = (async () => {
    let count = 0;
    for (; on; count++) {
      const { y } = await session.run(feeds);
      expect(Array.from(y?.data as Float32Array)).toEqual([-1, -2]);
      // Runs that short settle at once: the event loop has other things to do, too.
      await new Promise(setImmediate);
    }
    return count;
  })();
  return () => {
    on = false;
    return runs;
  };
}

describe('other sessions of this process', () => {
  test('that run meanwhile make the energy suspect and are named', async () => {
    await withMeter(perf, async (meter) => {
      const stop = runsOf(other);
      const m = await own.measure(feeds, { ...short, meter });
      expect(await stop()).toBeGreaterThan(0);
      expect(m.energy.scopes['package-0']).toMatchObject({
        status: 'suspect',
        cause: 'other-work',
        reason: expect.stringContaining('Another session of this process'),
        value: expect.any(Number),
        perInference: expect.anything(),
      });
      expect(m.conditions.otherSessions).toEqual([{ session: 'the other', jobs: expect.any(Number) }]);
    });
  });

  test('that rest are no other work', async () => {
    await withMeter(perf, async (meter) => {
      const m = await own.measure(feeds, { ...short, meter });
      expect(m.energy.scopes['package-0']).not.toMatchObject({ cause: 'other-work' });
      expect(m.conditions.otherSessions).toEqual([]);
    });
  });

  test('that run in the quiet time of one block spoil that block', async () => {
    await withMeter(perf, async (meter) => {
      let run: Promise<unknown> | undefined;
      const m = await own.measure(feeds, {
        repetitions: 3000,
        runsPerBlock: 1000,
        idle: { beforeMs: 200, afterMs: 200 },
        meter,
        onProgress: ({ phase }) => {
          if (phase === 'idle-after') run ??= other.run(feeds);
        },
      });
      expect(m.blocks).toHaveLength(3);
      expect(m.blocks?.map(({ scopes }) => scopes['package-0']?.status)).toContain('suspect');
      expect(m.conditions.otherSessions).toEqual([{ session: 'the other', jobs: 1 }]);
      await run;
    });
  });

  test('wait while a measurement has the device to itself, and go on afterwards', async () => {
    await withMeter(perf, async (meter) => {
      let waited: Promise<bigint> | undefined;
      const m = await own.measure(feeds, {
        ...short,
        meter,
        exclusive: true,
        onProgress: ({ phase }) => {
          if (phase === 'running') waited ??= other.run(feeds).then(() => mark());
        },
      });
      expect(await waited).toBeGreaterThanOrEqual(m.end);
      expect(m.conditions.otherSessions).toEqual([]);
      expect(m.energy.scopes['package-0']).not.toMatchObject({ cause: 'other-work' });
      // Its own session may be used meanwhile; between the loops there is nobody to disturb.
      await own.run(feeds);
    });
  });

  test('that wait can be cancelled and released', async () => {
    await withMeter(perf, async (meter) => {
      const abort = new AbortController();
      let cancelled: Promise<unknown> | undefined;
      let released: Promise<void> | undefined;
      const third = await InferenceSession.create(unary('Neg', 'float32', ['n']));
      await own.measure(feeds, {
        ...short,
        meter,
        exclusive: true,
        onProgress: ({ phase }) => {
          if (phase !== 'running' || cancelled) return;
          cancelled = other.run(feeds, { signal: abort.signal }).catch((error: unknown) => error);
          setTimeout(() => abort.abort(new Error('enough')), 10);
          released = third.release();
        },
      });
      expect(await cancelled).toMatchObject({ message: 'enough' });
      await released;
    });
  });
});

describe('measurements of one device', () => {
  test('take turns, first come first served', async () => {
    await withMeter(perf, async (meter) => {
      const all = await Promise.all(
        [own, other, own, other].map((session, i) =>
          session.measure(feeds, { ...short, minDurationMs: 60, meter, exclusive: i % 2 === 1 }),
        ),
      );
      for (let i = 1; i < all.length; i++) {
        expect(all[i]?.start).toBeGreaterThan(all[i - 1]?.end as bigint);
        expect(all[i]?.conditions.otherSessions).toEqual([]);
      }
    });
  });

  test('wait for so long as they are told, and a wait may be aborted', async () => {
    await withMeter(perf, async (meter) => {
      const first = own.measure(feeds, { ...short, minDurationMs: 600, meter });
      const abort = new AbortController();
      const late = other.measure(feeds, { ...short, meter, turnTimeoutMs: 50 });
      const given = other.measure(feeds, { ...short, meter, signal: abort.signal });
      const last = other.measure(feeds, { ...short, minDurationMs: 20, meter });
      abort.abort(new Error('not wanted any more'));
      await Promise.all([
        expect(late).rejects.toMatchObject({ code: 'timeout', remedy: expect.any(String) }),
        expect(given).rejects.toThrow('not wanted any more'),
      ]);
      expect((await last).start).toBeGreaterThan((await first).end);
    });
  });

  test('that fail end their turn', async () => {
    await withMeter(perf, async (meter) => {
      const bad = { x: new Tensor('int32', [1, 2], [2]) };
      await expect(own.measure(bad, { ...short, meter, exclusive: true })).rejects.toMatchObject({
        code: 'invalid-argument',
      });
      await other.run(feeds);
      await other.measure(feeds, { ...short, meter, turnTimeoutMs: 60_000 });
    });
  });

  test.each([
    [{ exclusive: 1 }, 'exclusive'],
    [{ turnTimeoutMs: -1 }, 'turnTimeoutMs'],
  ])('refuse %o', async (options, name) => {
    await expect(own.measure(feeds, options as MeasureOptions<Meter>)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining(name),
    });
  });
});

describe('sessions in worker threads', () => {
  const begin = async (task: 'run' | 'hold'): Promise<Worker> => {
    const model = unary('Neg', 'float32', ['n']);
    const file = join(root, 'test/helpers/session-worker.cjs');
    const worker = new Worker(file, { workerData: { task, model, meter: perf.options() } });
    await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    return worker;
  };

  test('are seen, and kept out', async () => {
    await withMeter(perf, async (meter) => {
      const worker = await begin('run');
      const seen = await own.measure(feeds, { ...short, meter });
      expect(seen.energy.scopes['package-0']).toMatchObject({ status: 'suspect', cause: 'other-work' });
      expect(seen.conditions.otherSessions).toMatchObject([{ session: 'of a worker' }]);
      const alone = await own.measure(feeds, { ...short, meter, exclusive: true });
      expect(alone.conditions.otherSessions).toEqual([]);
      await worker.terminate();
    });
  });

  test('that end while they have the device leave it to others', async () => {
    await withMeter(perf, async (meter) => {
      const worker = await begin('hold');
      const waiting = own.measure(feeds, { ...short, minDurationMs: 20, meter });
      const run = other.run(feeds);
      await sleep(20);
      await worker.terminate();
      await waiting;
      await run;
    });
  });

  test('that are ended while they wait for the device are gone', async () => {
    await withMeter(perf, async (meter) => {
      const worker = await begin('run');
      let ended: Promise<number> | undefined;
      await own.measure(feeds, {
        ...short,
        meter,
        exclusive: true,
        onProgress: ({ phase }) => {
          if (phase === 'running') ended ??= worker.terminate();
        },
      });
      await ended;
    });
  });
});
