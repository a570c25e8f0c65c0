// Targets, bursts and shams through the whole stack: real ONNX Runtime, the real addon, the fake driver.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compare, InferenceSession, type Measurement, Meter, Tensor } from '../../src/index.js';
import type { MeasureOptions, MeasureProgress } from '../../src/types/measure.js';
import { FakeNvml, ONE_BOARD, sleep } from '../helpers/fake-nvml.js';
import { chain } from '../helpers/onnx-model.js';
import { withMeter } from '../helpers/with-meter.js';

// A counter that moves each 20 ms keeps blocks and quiet times short.
const STEADY = `${ONE_BOARD}base 200\ncounter 20 7 0\n`;
const FOLLOWS = `${ONE_BOARD}counter 20 7 0\nfollow-cpu 100 300\n`;

let session: InferenceSession;
const feeds = { x: new Tensor('float32', new Float32Array(96 * 96), [96, 96]) };

beforeAll(async () => {
  session = await InferenceSession.create(chain(96, 12), { intraOpNumThreads: 1, executorSpinUs: 0 });
});
afterAll(() => session.release());

const measured = (script: string, options: MeasureOptions<Meter>): Promise<Measurement> =>
  withMeter(new FakeNvml(script), (meter) => session.measure(feeds, { ...options, meter }));

/** Value and half-width of the board. */
function board(m: Pick<Measurement, 'energy'>): { value: number; uncertainty: number } {
  const energy = m.energy.board;
  if (energy?.status !== 'ok' && energy?.status !== 'below-resolution')
    throw new Error(JSON.stringify(energy));
  return energy;
}

describe('a target', () => {
  test('is met by blocks with a budget that says how, and the sentence tells it', async () => {
    const seen: MeasureProgress[] = [];
    const m = await measured(FOLLOWS, {
      target: { relativeUncertainty: 0.4 },
      maxDurationMs: 20_000,
      onProgress: (progress) => seen.push(progress),
    });
    const { value, uncertainty } = board(m);
    expect(m.plan).toMatchObject({
      outcome: 'reached',
      scope: 'board-0',
      relativeUncertainty: expect.closeTo(uncertainty / value, 12),
    });
    expect(uncertainty).toBeLessThanOrEqual(0.4 * value);
    expect(m.plan.sentence).toMatch(
      /^[\d.]+ ms at \d+ W: [\d,]+ runs in \d+ blocks of [\d,]+ back to back for 40 %, [\d.]+ % reached\.$/,
    );
    expect(m.plan).not.toHaveProperty('reason');
    expect(m).toMatchObject({ mode: 'sustained', repetitions: m.plan.blocks * m.plan.runsPerBlock });
    expect(m.plan.blocks).toBeGreaterThanOrEqual(10);
    expect(m.plan.runsPerBlock).toBeGreaterThan(1);
    expect(m.latency.durations).toHaveLength(m.repetitions);

    const energy = m.energy.board;
    expect(energy).toMatchObject({
      repeats: { mode: 'sustained', blocks: m.plan.blocks, runsPerBlock: m.plan.runsPerBlock },
      method: expect.stringContaining('interval from their scatter'),
      perInference: { value: value / m.repetitions, uncertainty: uncertainty / m.repetitions },
    });
    const terms = Object.fromEntries((energy?.budget?.terms ?? []).map((term) => [term.name, term]));
    expect(terms.repeats?.key).toMatch(/^repeats:.*@/);
    // In common to all blocks, and spread out by the start phases.
    expect(terms.kernel).toBeDefined();
    expect(terms).not.toHaveProperty('phase');

    expect(m.blocks).toHaveLength(m.plan.blocks);
    const sum = (m.blocks ?? []).reduce((total, block) => total + (block.scopes['board-0']?.value ?? 0), 0);
    expect(sum).toBeCloseTo(value, 9);
    const inBlocks = (m.blocks ?? []).reduce((ns, block) => ns + Number(block.end - block.start), 0);
    expect(m.durationMs).toBeCloseTo(inBlocks / 1e6, 6);
    expect(m.durationMs).toBeLessThan(Number(m.end - m.start) / 1e6);
    expect(new Set(seen.map(({ phase }) => phase))).toEqual(
      new Set(['warm-up', 'idle-before', 'running', 'idle-after', 'resolving']),
    );
    expect(seen.at(-1)).toMatchObject({ repetitions: m.repetitions });
    expect(seen.every(({ blocks }) => blocks.done <= blocks.planned)).toBe(true);
  });

  test('of a window, reached or not, holds the truth of a steady board', async () => {
    const m = await measured(STEADY, {
      target: { relativeUncertainty: 0.05 },
      idle: false,
      maxDurationMs: 20_000,
    });
    const { value, uncertainty } = board(m);
    expect(m.energy.kind).toBe('window');
    expect(Math.abs(value - 0.2 * m.durationMs)).toBeLessThanOrEqual(uncertainty);
  });

  test('of work that causes nothing ends with the time, and its interval holds 0', async () => {
    const m = await measured(STEADY, {
      target: { relativeUncertainty: 0.05 },
      runsPerBlock: 5,
      maxDurationMs: 4000,
    });
    expect(m.plan.outcome).toMatch(/out-of-time|unreachable/);
    expect(m.plan.reason).toMatch(/\.$/);
    expect(m.plan.sentence).toContain('not the 5 % asked for');
    expect(Number(m.end - m.start) / 1e6).toBeLessThan(4000);
    const { value, uncertainty } = board(m);
    expect(Math.abs(value)).toBeLessThanOrEqual(uncertainty);
    expect(m.energy.board?.status).toBe('below-resolution');
  });

  test('of a scope that there is not, or cannot be read, is refused or made a duration', async () => {
    const target = { relativeUncertainty: 0.1, scope: 'dram' };
    await expect(measured(STEADY, { target })).rejects.toMatchObject({ code: 'invalid-argument' });
  });

  test('is given up when the signal fires', async () => {
    const controller = new AbortController();
    const reason = new Error('enough');
    const done = new Promise<void>((resolve) => {
      const run = measured(STEADY, {
        target: { relativeUncertainty: 0.001 },
        signal: controller.signal,
        onProgress: ({ blocks }) => blocks.done >= 2 && controller.abort(reason),
      });
      expect(run).rejects.toBe(reason).then(resolve);
    });
    await done;
    expect((await session.run(feeds)).y?.dims).toEqual([96, 96]);
  });
});

describe('bursts', () => {
  test('are single runs, each between quiet times of its own, begun at other phases of the counter', async () => {
    // Slower than elsewhere: a thread that is woken some milliseconds late is still at its phase, more or less.
    const slow = `${ONE_BOARD}counter 60 7 0\nfollow-cpu 100 300\n`;
    const m = await measured(slow, { mode: 'burst', repetitions: 6 });
    expect(m).toMatchObject({ mode: 'burst', repetitions: 6, plan: { blocks: 6, runsPerBlock: 1 } });
    expect(m.plan).not.toHaveProperty('outcome');
    const blocks = m.blocks ?? [];
    const phases = blocks.map(
      ({ start }) => Number((start - (blocks[0]?.start as bigint)) % 60_000_000n) / 60e6,
    );
    const sorted = phases.sort((a, b) => a - b);
    const gaps = sorted.map((phase, i) => (sorted[i + 1] ?? 1) - phase);
    expect(Math.max(...gaps)).toBeLessThan(0.5);
    blocks.slice(1).forEach(({ start }, i) => {
      expect(Number(start - (blocks[i]?.end as bigint)) / 1e6).toBeGreaterThan(400);
    });
    expect(m.energy.board?.repeats).toMatchObject({ mode: 'burst', blocks: 6, runsPerBlock: 1 });
  });

  test('may hold a few runs, and are no comparison for runs back to back', async () => {
    const few = await measured(FOLLOWS, { mode: 'burst', repetitions: 12, runsPerBlock: 4 });
    expect(few).toMatchObject({ repetitions: 12, plan: { blocks: 3, runsPerBlock: 4 } });
    const sustained = await measured(FOLLOWS, { repetitions: 50, idle: { beforeMs: 200, afterMs: 200 } });
    expect(sustained.energy.board?.repeats).toMatchObject({ mode: 'sustained', blocks: 1 });
    const energies = [few.energy.board, sustained.energy.board] as const;
    if (energies.every((energy) => energy?.status === 'ok' || energy?.status === 'below-resolution')) {
      expect(() => compare(energies[0] as never, energies[1] as never)).toThrow(/modes differ/);
    }
  });

  test('are taken by auto where a run is long against the period, runs back to back where it is short', async () => {
    const short = await measured(FOLLOWS, { mode: 'auto', repetitions: 20 });
    expect(short).toMatchObject({ mode: 'sustained', plan: { blocks: 1, runsPerBlock: 20 } });
    expect(short.plan.sentence).toContain('runs back to back');
    const slow = await InferenceSession.create(chain(512, 60), { intraOpNumThreads: 1 });
    try {
      const x = new Tensor('float32', new Float32Array(512 * 512), [512, 512]);
      const m = await withMeter(new FakeNvml(FOLLOWS), (meter) =>
        slow.measure({ x }, { mode: 'auto', repetitions: 2, warmup: 0, meter }),
      );
      expect(m).toMatchObject({ mode: 'burst', plan: { blocks: 2, runsPerBlock: 1 } });
      expect(m.plan.sentence).toContain('bursts');
    } finally {
      await slow.release();
    }
  });

  test('survive postMessage and JSON', async () => {
    const m = await measured(STEADY, { mode: 'burst', repetitions: 2, sham: true });
    expect(structuredClone(m).blocks).toEqual(m.blocks);
    const text = JSON.stringify(m);
    expect(JSON.parse(text).blocks[0].start).toBe(String(m.blocks?.[0]?.start));
    expect(text).not.toMatch(/NaN|Infinity/);
  });
});

describe('shams', () => {
  test('are told beside the figure: nothing where nothing ran', async () => {
    const m = await measured(STEADY, { mode: 'burst', repetitions: 60, runsPerBlock: 10, sham: true });
    expect(m.repetitions).toBe(60);
    expect(m.sham).toMatchObject({ blocks: 6, kind: 'caused' });
    const nothing = m.sham?.scopes['board-0'];
    expect(nothing?.unit).toBe('J');
    expect(Math.abs(nothing?.value as number)).toBeLessThanOrEqual(nothing?.uncertainty as number);
  });

  test('follow a single window too', async () => {
    const m = await measured(STEADY, { repetitions: 20, idle: { beforeMs: 200, afterMs: 200 }, sham: true });
    expect(m.sham?.blocks).toBe(1);
    expect(m.blocks).toBeUndefined();
  });
});

describe('without counters', () => {
  test('auto runs back to back, bursts stay bursts, and a sham is of nothing', async () => {
    const meter = await Meter.open({ roots: { nvml: '/nowhere/libnvidia-ml.so.1' }, sources: ['nvml'] });
    try {
      const auto = await session.measure(feeds, {
        mode: 'auto',
        repetitions: 3,
        idle: false,
        sham: true,
        meter,
      });
      expect(auto).toMatchObject({ mode: 'sustained', repetitions: 3 });
      expect(auto.sham).toBeUndefined();
      const idle = { beforeMs: 1, afterMs: 1 };
      const bursts = await session.measure(feeds, { mode: 'burst', repetitions: 3, idle, meter });
      expect(bursts).toMatchObject({ mode: 'burst', plan: { blocks: 3 } });
      expect(bursts.energy.scopes['board-0']?.status ?? 'unsupported').toBe('unsupported');
    } finally {
      await meter.close();
    }
  });
});

describe('meter.measure', () => {
  test('meets a target with many calls, and gives the last result', async () => {
    let calls = 0;
    const call = async () => {
      await sleep(10);
      return ++calls;
    };
    const m = await withMeter(new FakeNvml(STEADY), (meter) =>
      meter.measure(call, { target: { relativeUncertainty: 0.1 }, maxDurationMs: 15_000 }),
    );
    expect(m.plan).toMatchObject({ outcome: 'reached', scope: 'board-0' });
    expect(m.result).toBe(calls);
    expect(m.repetitions).toBe(m.plan.blocks * m.plan.runsPerBlock);
    const { value, uncertainty } = board(m);
    expect(Math.abs(value - 0.2 * m.durationMs)).toBeLessThanOrEqual(uncertainty);
  });

  test('makes bursts of calls, with shams', async () => {
    const m = await withMeter(new FakeNvml(STEADY), (meter) =>
      meter.measure(() => sleep(5), { mode: 'burst', repetitions: 2, kind: 'caused', sham: true }),
    );
    expect(m).toMatchObject({
      mode: 'burst',
      repetitions: 2,
      plan: { blocks: 2, runsPerBlock: 1 },
      sham: { blocks: 2 },
    });
    expect(m.blocks).toHaveLength(2);
  });

  test('throws what fn throws in a later block, and stops on a signal', async () => {
    await withMeter(new FakeNvml(STEADY), async (meter) => {
      let calls = 0;
      const boom = new Error('boom');
      const failing = () => {
        if (++calls === 2) throw boom;
      };
      await expect(meter.measure(failing, { mode: 'burst', repetitions: 3 })).rejects.toBe(boom);
      const controller = new AbortController();
      const reason = new Error('enough');
      setTimeout(() => controller.abort(reason), 300);
      const options = { mode: 'burst', repetitions: 100, signal: controller.signal } as const;
      await expect(meter.measure(() => 1, options)).rejects.toBe(reason);
    });
  });
});
