import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Meter, type MeterOptions, mark } from '../../src/index.js';
import { root } from '../helpers/child.js';
import { FakeNvml, ONE_BOARD, sleep } from '../helpers/fake-nvml.js';

let fake: FakeNvml;
let meter: Meter;

beforeAll(async () => {
  fake = new FakeNvml(`${ONE_BOARD}base 120\npulse 600 100000 80\n`);
  meter = await Meter.open(fake.options());
});

afterAll(() => meter.close());

describe('read(out)', () => {
  test('gives joules since opening, and grows', async () => {
    const out = new Float64Array(meter.channels.length);
    const { read } = meter;
    read(out);
    const first = out[0] as number;
    await sleep(350);
    read(out);
    expect(first).toBeGreaterThanOrEqual(0);
    expect(out[0]).toBeGreaterThan(first + 0.12 * 100);
  });

  test('refuses anything but a Float64Array that is long enough', () => {
    const wrong = expect.objectContaining({ code: 'invalid-argument' });
    for (const out of [undefined, [0], new Float32Array(1), new Float64Array(0)]) {
      expect(() => meter.read(out as Float64Array)).toThrow(wrong);
    }
  });
});

describe('measure(fn)', () => {
  test('calls once by default, as often as asked, or as long as asked, and gives the last result', async () => {
    let calls = 0;
    const call = () => ++calls;
    expect(await meter.measure(call)).toMatchObject({ result: 1, repetitions: 1 });
    expect(await meter.measure(call, { repetitions: 5 })).toMatchObject({ result: 6, repetitions: 5 });
    const long = await meter.measure(() => sleep(10), { minDurationMs: 150 });
    expect(long.durationMs).toBeGreaterThanOrEqual(150);
    expect(long.repetitions).toBeGreaterThan(1);
    expect(long.energy.start).toBe(long.start);
    const capped = await meter.measure(() => sleep(20), { repetitions: 1000, maxDurationMs: 60 });
    expect(capped.repetitions).toBeLessThan(1000);
  });

  test('throws what fn throws, and the meter goes on', async () => {
    const boom = new Error('boom');
    await expect(meter.measure(() => Promise.reject(boom))).rejects.toBe(boom);
    await expect(
      meter.measure(() => {
        throw boom;
      }),
    ).rejects.toBe(boom);
    expect((await meter.measure(() => 1)).result).toBe(1);
  });

  test('a target of a counter that there is not is refused, and a scope that is none', async () => {
    const target = { relativeUncertainty: 0.02, scope: 'package-0' };
    await expect(meter.measure(() => 1, { target })).rejects.toMatchObject({
      code: 'invalid-argument',
      remedy: expect.stringContaining('board-0'),
    });
  });

  test('says how much was run, and why', async () => {
    expect(await meter.measure(() => 1)).toMatchObject({
      mode: 'sustained',
      plan: { sentence: '1 run, the default.', blocks: 1, runsPerBlock: 1 },
      energy: { board: { repeats: { mode: 'sustained', blocks: 1, runsPerBlock: 1 } } },
    });
  });
});

describe('aborting', () => {
  test('rejects a wait with the reason of the signal', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const pending = meter.energy(mark(), mark() + 60_000_000_000n, { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 20);
    await expect(pending).rejects.toBe(reason);
    await expect(meter.energy(1n, 2n, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await expect(meter.measure(() => 1, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  test('timeoutMs ends a wait with what is known', async () => {
    const now = mark();
    const { board } = await meter.energy(now - 300_000_000n, now + 60_000_000_000n, { timeoutMs: 0 });
    expect(board).toMatchObject({ status: 'suspect', cause: 'no-update' });
  });
});

describe('bad options', () => {
  test.each<[string, unknown]>([
    ['gpu', { sources: ['gpu'] }],
    ['sources', { sources: 'nvml' }],
    ['devices', { devices: [-1] }],
    ['devices', { devices: [1.5] }],
    ['devices', { devices: 'GPU-1111' }],
    ['historySeconds', { historySeconds: Number.NaN }],
    ['historySeconds', { historySeconds: -1 }],
    ['historySeconds', { historySeconds: 1e9 }],
    ['sampling', { sampling: 'sometimes' }],
    ['roots', { roots: 7 }],
    ['roots.nvml', { roots: { nvml: 7 } }],
    ['sampleRate', { sampleRate: 5 }],
  ])('Meter.open refuses %s of %j', async (name, options) => {
    await expect(Meter.open(options as MeterOptions)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringContaining(name),
    });
  });

  test.each<[string, () => Promise<unknown>]>([
    ['a number as a mark', () => meter.energy(1 as never, 2n)],
    ['a negative mark', () => meter.energy(-1n, 2n)],
    ['a mark beyond int64', () => meter.energy(1n, 2n ** 63n)],
    ['a window that ends before it begins', () => meter.energy(2n, 1n)],
    ['an odd number of marks', () => meter.energies(BigInt64Array.of(1n, 2n, 3n))],
    ['marks as an array', () => meter.energies([1n, 2n] as never)],
    ['an unknown kind', () => meter.energy(1n, 2n, { kind: 'net' as never })],
    ['a NaN timeout', () => meter.energy(1n, 2n, { timeoutMs: Number.NaN })],
    ['a negative idle', () => meter.energy(1n, 2n, { idle: { beforeMs: -1 } })],
    ['an unknown option', () => meter.energy(1n, 2n, { timeout: 5 } as never)],
    ['no function', () => meter.measure(5 as never)],
    ['no repetitions', () => meter.measure(() => 1, { repetitions: 0 })],
    ['half a repetition', () => meter.measure(() => 1, { repetitions: 0.5 })],
    ['a negative duration', () => meter.measure(() => 1, { minDurationMs: -5 })],
    ['two lengths', () => meter.measure(() => 1, { repetitions: 2, minDurationMs: 5 })],
    ['a target of nothing', () => meter.measure(() => 1, { target: { relativeUncertainty: 0 } })],
    ['a target of 2', () => meter.measure(() => 1, { target: { relativeUncertainty: 2 } })],
    ['a burst without quiet time', () => meter.measure(() => 1, { mode: 'burst', idle: false })],
    ['an unknown mode', () => meter.measure(() => 1, { mode: 'fast' as never })],
  ])('%s is refused', async (_, call) => {
    await expect(call()).rejects.toMatchObject({ code: 'invalid-argument' });
  });

  test('no marks are no energies', async () => {
    expect(await meter.energies(new BigInt64Array(0))).toEqual([]);
  });
});

describe('results', () => {
  test('survive structuredClone and JSON, without NaN and without typed arrays in the text', async () => {
    const measured = await meter.measure(() => sleep(250));
    const copy = structuredClone(measured);
    expect(copy.energy.board).toEqual(measured.energy.board);
    expect(copy.start).toBe(measured.start);
    const text = JSON.stringify(measured);
    const parsed = JSON.parse(text);
    expect(parsed.start).toBe(String(measured.start));
    expect(parsed.energy.timeline.origin).toBe(String(measured.start));
    expect(Array.isArray(parsed.energy.timeline.series[0].value)).toBe(true);
    expect(parsed.energy.board.value).toBe((measured.energy.board as { value: number }).value);
    const numbers: number[] = [];
    JSON.stringify(structuredClone(measured.energy), (_, value) => {
      if (typeof value === 'number') numbers.push(value);
      return typeof value === 'bigint' ? Number(value) : value;
    });
    expect(numbers.every(Number.isFinite)).toBe(true);
  });

  test('carry a budget with keys, the conditions, and say that they are simulated', async () => {
    const { energy } = await meter.measure(() => sleep(250));
    const { board, conditions, simulated } = energy;
    expect(simulated).toBe(true);
    expect(board?.budget?.terms.length).toBeGreaterThan(0);
    for (const term of board?.budget?.terms ?? []) {
      expect(term.uncertainty).toBeGreaterThan(0);
      expect(term.key).toContain('GPU-1111');
    }
    expect(board?.budget?.gain).toEqual({
      relative: 0.05,
      distribution: 'rectangular',
      key: 'gain:GPU-1111:total-energy',
    });
    expect(conditions.devices[0]).toMatchObject({
      id: 'board-0',
      uuid: 'GPU-1111',
      temperatureC: { min: 41, max: 41 },
      smClockMHz: { max: 1980 },
      memoryClockMHz: { max: 2619 },
      gpuUtilisationPercent: { max: 100 },
      powerLimitW: 700,
      throttleReasons: ['sw-power-cap'],
    });
    expect(conditions.host.logicalCpus).toBeGreaterThan(0);
  });
});

describe('several meters', () => {
  test('two in one process do not disturb each other', async () => {
    const other = await Meter.open(
      new FakeNvml('device GPU-9999 00000000:99:00.0 Other\nbase 20\n').options(),
    );
    const a = mark();
    await sleep(400);
    const b = mark();
    const [ours, theirs] = await Promise.all([meter.energy(a, b), other.energy(a, b)]);
    await other.close();
    expect((ours.board as { value: number }).value).toBeGreaterThan(
      (theirs.board as { value: number }).value * 3,
    );
    expect((await meter.energy(a, b)).board?.status).not.toBe('suspect');
  });

  test('the shared one is the same in workers, and lives until its last handle is closed', async () => {
    const options = new FakeNvml(ONE_BOARD).options();
    const first = await Meter.openShared(options);
    const worker = new Worker(join(root, 'test/helpers/shared-meter-worker.cjs'), { workerData: options });
    // Both from the start: a worker that has ended tells its message and its end at once.
    const ended = new Promise((resolve) => worker.once('exit', resolve));
    const reads = await new Promise<number>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    // The worker saw the reads that happened before it came: it opened no meter of its own.
    expect(reads).toBeGreaterThan(0);
    await ended;
    const before = first.statistics().threads.find(({ name }) => name === 'nvml0-energy')?.reads ?? 0;
    await sleep(300);
    const after = first.statistics().threads.find(({ name }) => name === 'nvml0-energy');
    expect(after?.reads).toBeGreaterThan(before);
    expect(after?.state).toBe('running');
    await first.close();
  });
});

describe("sampling: 'windows'", () => {
  const reads = (m: Meter) => m.statistics().threads.find(({ name }) => name === 'nvml0-energy')?.reads ?? 0;

  test('reads slow counters only while a window is open, with edges on both sides of it', async () => {
    const windows = new FakeNvml(`${ONE_BOARD}base 120\n`);
    const m = await Meter.open(windows.options({ sampling: 'windows' }));
    try {
      expect(reads(m)).toBe(0);
      const first = await m.measure(() => sleep(300));
      const { value, lo, hi, uncertainty } = first.energy.board as Extract<
        typeof first.energy.board,
        { status: 'ok' | 'below-resolution' }
      >;
      const truth = 0.12 * first.durationMs;
      expect(lo ?? value - uncertainty).toBeLessThanOrEqual(truth);
      expect(hi ?? value + uncertainty).toBeGreaterThanOrEqual(truth);
      await sleep(400);
      const quiet = reads(m);
      await sleep(600);
      expect(reads(m)).toBe(quiet);
      const second = await m.measure(() => sleep(100));
      expect(second.energy.board?.status).toMatch(/^(ok|below-resolution)$/);
      expect(reads(m)).toBeGreaterThan(quiet);
    } finally {
      await m.close();
    }
  });

  test('windows nest', async () => {
    const m = await Meter.open(new FakeNvml(ONE_BOARD).options({ sampling: 'windows' }));
    try {
      await m.measure(async () => {
        await m.measure(() => sleep(50));
        const before = reads(m);
        await sleep(400);
        expect(reads(m)).toBeGreaterThan(before);
      });
    } finally {
      await m.close();
    }
  });
});
