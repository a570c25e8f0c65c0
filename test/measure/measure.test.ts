// session.measure through the whole stack: real ONNX Runtime, the real addon, the fake driver.
import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InferenceSession, Meter, type MicrojouleError, Tensor } from '../../src/index.js';
import { root, run } from '../helpers/child.js';
import { FakeNvml, ONE_BOARD, TWO_BOARDS } from '../helpers/fake-nvml.js';
import { unary } from '../helpers/onnx-model.js';
import { withMeter } from '../helpers/with-meter.js';

const BUSY_W = 500;
const IDLE_W = 100;

let session: InferenceSession;
const feeds = { x: new Tensor('float32', [1, 2], [2]) };
const idle = { beforeMs: 450, afterMs: 450 };

beforeAll(async () => {
  session = await InferenceSession.create(unary('Neg', 'float32', ['n']));
});
afterAll(() => session.release());

describe('a measurement', () => {
  test('has the energy of its window, idle beside it, latencies, outputs, conditions and versions', async () => {
    // A steady board: nothing is caused, and the window holds power x time.
    const fake = new FakeNvml(`${ONE_BOARD}base ${BUSY_W}\n`);
    await withMeter(fake, async (meter) => {
      const phases = new Set<string>();
      const m = await session.measure(feeds, {
        minDurationMs: 700,
        idle,
        meter,
        onProgress: ({ phase }) => phases.add(phase),
      });
      const board = m.energy.board;
      expect(m.energy.kind).toBe('caused');
      expect(board?.id).toBe('board-0');
      expect(board?.net?.value).toBeDefined();
      expect(Math.abs(board?.net?.value as number)).toBeLessThanOrEqual(board?.net?.uncertainty as number);
      const truth = (BUSY_W * m.durationMs) / 1000;
      expect(Math.abs((board?.gross?.value as number) - truth)).toBeLessThanOrEqual(
        board?.gross?.uncertainty as number,
      );
      const level = m.idle['board-0']?.level;
      expect(Math.abs((level?.value as number) - BUSY_W)).toBeLessThanOrEqual(level?.uncertainty as number);
      expect(m.latency.durations).toHaveLength(m.repetitions);
      expect(m.outputs.y?.data).toEqual(Float32Array.of(-1, -2));
      expect(m.conditions.devices[0]).toMatchObject({ id: 'board-0', name: 'Fake H100' });
      expect(m.timeline.series.map((s) => s.source)).toContain('nvml:total-energy');
      expect(m.versions).toMatchObject({ node: process.version, onnxruntime: '1.30.0' });
      expect(m.energy.simulated).toBe(true);
      expect([...phases]).toContain('resolving');
    });
  });

  test('finds the energy caused by a pulse of known size, to within its interval', async () => {
    // The board follows a script, so the session only has to be running while the pulse passes.
    const fake = new FakeNvml(`${ONE_BOARD}base ${IDLE_W}\npulse 1200 600 ${BUSY_W - IDLE_W}\n`);
    await withMeter(fake, async (meter) => {
      const m = await session.measure(feeds, {
        minDurationMs: 1400,
        idle: { beforeMs: 700, afterMs: 600 },
        meter,
      });
      expect(m.start).toBeLessThan(fake.at(1200));
      expect(m.end).toBeGreaterThan(fake.at(1800));
      const board = m.energy.board;
      expect(board).toMatchObject({ status: 'ok', kind: 'caused' });
      const { value, uncertainty } = board as { value: number; uncertainty: number };
      const truth = (BUSY_W - IDLE_W) * 0.6;
      expect(Math.abs(value - truth)).toBeLessThanOrEqual(uncertainty);
      expect(board?.status === 'ok' && board.perInference?.value).toBeCloseTo(value / m.repetitions, 12);
    });
  });

  test('without quiet time is the energy of the window', async () => {
    await withMeter(new FakeNvml(ONE_BOARD), async (meter) => {
      const m = await session.measure(feeds, { repetitions: 100, idle: false, meter });
      expect(m.energy.kind).toBe('window');
      expect(m.energy.board?.kind).toBe('window');
      expect(m.energy.board?.net).toBeUndefined();
    });
  });

  test('on two boards adds up the disjoint ones and lists them', async () => {
    await withMeter(new FakeNvml(TWO_BOARDS), async (meter) => {
      const m = await session.measure(feeds, { minDurationMs: 400, idle, meter });
      expect(m.energy.total?.of).toEqual(['board-0', 'board-1']);
      expect(m.energy.board).toBeUndefined();
      expect(m.energy.total).toHaveProperty('perInference');
    });
  });

  test('survives postMessage and JSON, without NaN or Infinity', async () => {
    await withMeter(new FakeNvml(ONE_BOARD), async (meter) => {
      const m = await session.measure(feeds, { repetitions: 20, idle, meter });
      const copy = structuredClone(m);
      expect(copy.outputs).toEqual({
        y: { type: 'float32', dims: [2], size: 2, data: Float32Array.of(-1, -2) },
      });
      expect(copy.energy.scopes).toEqual(m.energy.scopes);
      const text = JSON.stringify(m);
      expect(JSON.parse(text)).toMatchObject({
        repetitions: 20,
        start: String(m.start),
        outputs: { y: { type: 'float32', dims: [2], data: [-1, -2] } },
      });
      expect(text).not.toMatch(/NaN|Infinity|null,"uncertainty"/);
    });
  });
});

describe('a measurement without counters', () => {
  let meter: Meter;
  beforeAll(async () => {
    meter = await Meter.open({ roots: { nvml: '/nowhere/libnvidia-ml.so.1' } });
  });
  afterAll(() => meter.close());

  test('succeeds, and says for each counter why it is not measured', async () => {
    const m = await session.measure(feeds, { repetitions: 5, idle: false, meter });
    expect(m.latency.durations).toHaveLength(5);
    for (const energy of Object.values(m.energy.scopes)) {
      expect(energy.status).toBe('unsupported');
      expect(energy).not.toHaveProperty('value');
      expect(energy.status === 'unsupported' && energy.reason).toMatch(/\.$/);
    }
  });

  test('turns a target into a duration and says so', async () => {
    const target = { relativeUncertainty: 0.1 };
    const m = await session.measure(feeds, { target, maxDurationMs: 50, idle: false, meter });
    expect(m.plan.sentence).toContain('no target can be met');
    expect(m.plan).not.toHaveProperty('outcome');
    expect(m.repetitions).toBeGreaterThan(0);
  });
});

describe('the meter of the process', () => {
  test('is opened on first use and keeps the process alive no longer than its work', () => {
    const model = join(mkdtempSync(join(tmpdir(), 'mj-measure-')), 'neg.onnx');
    writeFileSync(model, unary('Neg', 'float32', [2]));
    const program = `
      const { InferenceSession, Tensor } = require(${JSON.stringify(root)});
      (async () => {
        const session = await InferenceSession.create(process.argv[1]);
        const x = new Tensor('float32', [1, 2], [2]);
        const both = [session.measure({ x }, { repetitions: 3, idle: false }), session.measure({ x }, { repetitions: 4, idle: false })];
        const [a, b] = await Promise.all(both);
        console.log(a.repetitions + b.repetitions);
      })();`;
    expect(run(process.execPath, ['-e', program, model], root)).toMatchObject({
      code: 0,
      stdout: '7\n',
      stderr: '',
    });
  });
});

describe('a GPU that is lost in the middle', () => {
  test('leaves the inference whole and its energy suspect', async () => {
    const fake = new FakeNvml(`${ONE_BOARD}base 200\nlost 900\n`);
    await withMeter(fake, async (meter) => {
      const m = await session.measure(feeds, {
        minDurationMs: 1000,
        idle: { beforeMs: 300, afterMs: 300 },
        meter,
      });
      expect(m.repetitions).toBeGreaterThan(0);
      expect(m.outputs.y?.data).toEqual(Float32Array.of(-1, -2));
      expect(m.energy.board).toMatchObject({ status: 'suspect', cause: 'device-lost', unit: 'J' });
    });
  });
});

describe('refuses', () => {
  const refused = async (options: object) =>
    session.measure(feeds, options).then(
      () => 'accepted',
      (error: MicrojouleError) => error.code,
    );

  test('a meter that is none', async () => {
    expect(await refused({ meter: {} })).toBe('invalid-argument');
  });

  test('wrong inputs, before anything runs', async () => {
    const wrong = { z: feeds.x };
    await expect(session.measure(wrong, { repetitions: 1, idle: false })).rejects.toMatchObject({
      code: 'invalid-argument',
    });
  });

  test('a window that the meter would forget before its end, with the history that it needs', async () => {
    await withMeter(new FakeNvml(ONE_BOARD), async (meter) => {
      const fiveHours = { minDurationMs: 5 * 3_600_000, meter };
      const refusal = {
        code: 'invalid-argument',
        message: expect.stringMatching(/5\.00 hours .*remembers \(4\.00 hours\)/),
        remedy: expect.stringContaining('historySeconds: 18012'),
      };
      await expect(session.measure(feeds, fiveHours)).rejects.toMatchObject(refusal);
      let called = 0;
      const fn = () => ++called;
      await expect(meter.measure(fn, { minDurationMs: 30 * 3_600_000 })).rejects.toMatchObject({
        ...refusal,
        message: expect.stringContaining('30.00 hours'),
        remedy: expect.stringContaining('shorter windows'),
      });
      expect(called).toBe(0);
      // Three hours are remembered, and five by a meter with that history.
      await withMeter(
        new FakeNvml(ONE_BOARD),
        async (longer) => {
          for (const options of [
            { minDurationMs: 3 * 3_600_000, meter },
            { ...fiveHours, meter: longer },
          ]) {
            const signal = AbortSignal.timeout(300);
            await expect(session.measure(feeds, { ...options, signal })).rejects.toMatchObject({
              name: 'TimeoutError',
            });
          }
        },
        { historySeconds: 18_012 },
      );
    });
  });

  test('an aborted signal, with its reason', async () => {
    const reason = new Error('enough');
    const signal = AbortSignal.abort(reason);
    await expect(session.measure(feeds, { repetitions: 1, signal })).rejects.toBe(reason);
  });

  test('and stops on one that aborts while it is quiet', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const run = session.measure(feeds, {
      repetitions: 1,
      idle: { beforeMs: 60_000 },
      signal: controller.signal,
    });
    setTimeout(() => controller.abort(reason), 30);
    await expect(run).rejects.toBe(reason);
  });
});
