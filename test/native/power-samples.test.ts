// Boards whose energy counter cannot be read: their energy is counted from power samples.
import { describe, expect, test } from 'vitest';
import { type Energy, InferenceSession, mark, sumEnergies, Tensor } from '../../src/index.js';
import { FakeNvml, ONE_BOARD, sleep } from '../helpers/fake-nvml.js';
import { unary } from '../helpers/onnx-model.js';
import { withMeter } from '../helpers/with-meter.js';

type Measured = Extract<Energy, { status: 'ok' | 'below-resolution' }>;

const NO_COUNTER = `${ONE_BOARD}unsupported nvmlDeviceGetTotalEnergyConsumption\n`;
const NO_RING = `${NO_COUNTER}unsupported nvmlDeviceGetSamples\n`;
/** Only the power of the moment is left. */
const INSTANT = `${NO_RING}unsupported field:185\n`;
const USAGE = `${INSTANT}unsupported field:186\nunsupported field:185:2\n`;

function measured(energy: Energy | undefined): Measured {
  expect(energy?.status).toMatch(/^(ok|below-resolution)$/);
  return energy as Measured;
}

function expectToHold(energy: Energy | undefined, joules: number): void {
  const { value, uncertainty, lo = value - uncertainty, hi = value + uncertainty } = measured(energy);
  expect(lo).toBeLessThanOrEqual(joules);
  expect(hi).toBeGreaterThanOrEqual(joules);
}

const termNames = (energy: Energy | undefined): string[] =>
  measured(energy).budget?.terms.map(({ name }) => name) ?? [];

describe('the ring of samples alone', () => {
  test('windows hold their energy, and their parts sum to the whole', async () => {
    const fake = new FakeNvml(`${NO_COUNTER}base 120\npulse 1500 400 480\n`);
    await withMeter(fake, async (meter) => {
      expect(meter.channels[0]).toMatchObject({ id: 'board-0', scope: 'board' });
      expect(meter.channels[0]?.method).toMatch(/^nvml:power-samples \(integrated: /);
      await sleep(Math.max(0, 2400 - fake.now()));
      const cuts = [1200, 1500, 1620, 1900, 2200];
      const pairs = [...cuts.slice(1).map((to, i) => [cuts[i] as number, to]), [1200, 2200]];
      const marks = BigInt64Array.from(
        pairs.flatMap(([a, b]) => [fake.at(a as number), fake.at(b as number)]),
      );
      const reports = await meter.energies(marks, { covariance: true });
      const truth = [36, 72, 168, 36, 312];
      reports.forEach(({ board }, i) => {
        expectToHold(board, truth[i] as number);
      });
      const whole = measured(reports.at(-1)?.board);
      expect(whole.status).toBe('ok');
      expect(termNames(whole)).toEqual(expect.arrayContaining(['coverage', 'phase']));
      const parts = reports.slice(0, -1).map(({ board }) => measured(board).value);
      expect(parts.reduce((sum, part) => sum + part, 0)).toBeCloseTo(whole.value, 8);
    });
  });

  test('caused energy, its idle beside it, and joules that grow', async () => {
    const fake = new FakeNvml(`${NO_COUNTER}base 118\npulse 2000 300 482\n`);
    await withMeter(fake, async (meter) => {
      const joules = new Float64Array(meter.channels.length);
      meter.read(joules);
      const before = joules[0] as number;
      expect(before).toBeGreaterThanOrEqual(0);
      await sleep(Math.max(0, 2000 - fake.now()));
      const report = await meter.energy(fake.at(2000), fake.at(2300), {
        kind: 'caused',
        idle: { beforeMs: 700, afterMs: 700 },
      });
      expectToHold(report.board, 144.6);
      expect(measured(report.board).status).toBe('ok');
      const level = report.idle['board-0']?.level;
      expect(Math.abs((level?.value ?? 0) - 118)).toBeLessThan(level?.uncertainty ?? 0);
      meter.read(joules);
      expect(joules[0]).toBeGreaterThan(before);
      const sources = report.timeline.series.map(({ source, unit }) => `${source} ${unit}`);
      expect(sources).toContain(`${meter.channels[0]?.method} J`);
      expect(sources).toContain('nvml:power-samples W');
    });
  });

  test('session.measure gives the energy caused by runs', async () => {
    const fake = new FakeNvml(`${NO_COUNTER}base 100\n`);
    const session = await InferenceSession.create(unary('Neg', 'float32', ['n']));
    try {
      await withMeter(fake, async (meter) => {
        const m = await session.measure(
          { x: new Tensor('float32', [1, 2], [2]) },
          { minDurationMs: 500, idle: { beforeMs: 450, afterMs: 450 }, meter },
        );
        const { gross, net } = m.energy.board as Measured;
        const truth = (100 * m.durationMs) / 1000;
        expect(Math.abs((gross?.value as number) - truth)).toBeLessThanOrEqual(gross?.uncertainty as number);
        expect(Math.abs(net?.value as number)).toBeLessThanOrEqual(net?.uncertainty as number);
      });
    } finally {
      await session.release();
    }
  });
});

describe('means over a part of the time', () => {
  test('one window cannot be resolved: work may keep step with the sensor, and the budget says so', async () => {
    const fake = new FakeNvml(`${INSTANT}base 120\nsquare 1000 100.002 50 400 30\n`);
    await withMeter(fake, async (meter) => {
      expect(meter.channels[0]?.method).toBe('nvml:power-instant (integrated: means over 25 of each 100 ms)');
      await sleep(Math.max(0, 4200 - fake.now()));
      const { board } = await meter.energy(fake.at(1500), fake.at(3500));
      expectToHold(board, 640);
      expect(board?.status).toBe('below-resolution');
      const terms = measured(board).budget?.terms ?? [];
      const of = (name: string) => terms.find((term) => term.name === name);
      expect(of('coverage')).toMatchObject({ distribution: 'normal' });
      expect(of('phase')).toMatchObject({ distribution: 'rectangular' });
      expect(of('phase')?.uncertainty).toBeGreaterThan(of('coverage')?.uncertainty as number);
      expect(sumEnergies([board as Energy]).status).toBe('below-resolution');
    });
  });

  test('the method says which sensor was assumed, by the architecture or for want of it', async () => {
    const methods = [
      [`${USAGE}capability 61\npower 20 10\n`, 'means over 10 of each 20 ms'],
      [`${USAGE}capability 75\npower 100 100\n`, 'means over 100 ms'],
      [`${USAGE}unsupported nvmlDeviceGetCudaComputeCapability\n`, 'sensor not known'],
    ] as const;
    for (const [script, assumed] of methods) {
      const fake = new FakeNvml(`${script}base 150\n`);
      await withMeter(fake, async (meter) => {
        expect(meter.channels[0]?.method).toMatch(/^nvml:power-usage \(integrated: /);
        expect(meter.channels[0]?.method).toContain(assumed);
        const a = mark();
        await sleep(300);
        const b = mark();
        const { board } = await meter.energy(a, b);
        expectToHold(board, (150 * Number(b - a)) / 1e9);
      });
    }
  });
});

describe('means over a second', () => {
  test('seconds are resolved, 20 ms are not', async () => {
    const fake = new FakeNvml(`${NO_RING}base 200\npulse 3000 2500 300\n`);
    await withMeter(fake, async (meter) => {
      expect(meter.channels[0]?.method).toBe('nvml:power-average (integrated: means over 1000 ms)');
      await sleep(Math.max(0, 7500 - fake.now()));
      const { board } = await meter.energy(fake.at(1800), fake.at(6700));
      expectToHold(board, 0.2 * 4900 + 0.3 * 2500);
      expect(board?.status).toBe('ok');
      const short = await meter.energy(fake.at(4000), fake.at(4020));
      expectToHold(short.board, 10);
      expect(short.board?.status).toBe('below-resolution');
    });
  });
});

describe('the power of the moment beside a counter without a ring', () => {
  test('is read often enough to place its values, and windows hold their energy', async () => {
    const fake = new FakeNvml(
      `${ONE_BOARD}unsupported nvmlDeviceGetSamples\nbase 120\npulse 900 600 400\npower 100 25\n`,
    );
    await withMeter(fake, async (meter) => {
      await sleep(Math.max(0, 1900 - fake.now()));
      const { board, timeline } = await meter.energy(fake.at(1135), fake.at(1200));
      expectToHold(board, 33.8);
      expect(measured(board).method).toMatch(/^nvml:total-energy, /);
      const { tBeforeMs } = timeline.series.find(({ source }) => source === 'nvml:power-instant') ?? {};
      const gaps = [...(tBeforeMs ?? [])].slice(1).map((t, i) => t - (tBeforeMs?.[i] as number));
      // Planned each 10 ms, where a board with a ring is read each 40 ms.
      expect(gaps.sort((x, y) => x - y)[Math.floor(gaps.length / 4)]).toBeLessThan(25);
    });
  });
});
