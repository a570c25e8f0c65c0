import { spawn } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { type Energy, type EnergyReport, Meter, MicrojouleError, mark } from '../../src/index.js';
import { FakeNvml, ONE_BOARD, sleep, TWO_BOARDS } from '../helpers/fake-nvml.js';
import { withMeter } from '../helpers/with-meter.js';

type Measured = Extract<Energy, { status: 'ok' | 'below-resolution' }>;

function measured(energy: Energy | undefined): Measured {
  expect(energy?.status).toMatch(/^(ok|below-resolution)$/);
  return energy as Measured;
}

/** The interval that a figure states holds the truth. */
function expectToHold(energy: Energy | undefined, joules: number): void {
  const { value, uncertainty, lo = value - uncertainty, hi = value + uncertainty } = measured(energy);
  expect(lo).toBeLessThanOrEqual(joules);
  expect(hi).toBeGreaterThanOrEqual(joules);
}

describe('energy of windows', () => {
  test('agrees with the profile within the stated interval: long, short, many, nested', async () => {
    const fake = new FakeNvml(`${ONE_BOARD}base 120\npulse 900 300 480\nsquare 1400 40 20 300 10\n`);
    await withMeter(fake, async (meter) => {
      const truth = (a: number, b: number) => {
        const inside = (from: number, to: number) => Math.max(0, Math.min(b, to) - Math.max(a, from));
        let joules = 120 * (b - a) + 480 * inside(900, 1200);
        for (let i = 0; i < 10; ++i) joules += 300 * inside(1400 + 40 * i, 1420 + 40 * i);
        return joules / 1e3;
      };
      const windows = [
        [600, 1700],
        [880, 1220],
        [900, 1200],
        [1000, 1100],
        [1390, 1810],
        [1500, 1700],
      ] as const;
      await sleep(Math.max(0, 1900 - fake.now()));
      const reports = await meter.energies(
        BigInt64Array.from(windows.flatMap(([a, b]) => [fake.at(a), fake.at(b)])),
      );
      expect(reports).toHaveLength(windows.length);
      reports.forEach((report, i) => {
        const [a, b] = windows[i] as readonly [number, number];
        expect(report.start).toBe(fake.at(a));
        expect(report.durationMs).toBeCloseTo(b - a, 3);
        expectToHold(report.board, truth(a, b));
      });
      // A second and more on a 100 ms counter is no longer a guess.
      const whole = measured((reports[0] as EnergyReport).board);
      expect(whole.status).toBe('ok');
      expect(whole.uncertainty).toBeLessThan(0.5 * whole.value);
      expect(whole.combinedUncertainty).toBeGreaterThan(whole.uncertainty);
    });
  });

  test('the parts of a window sum to the whole, and so do their covariances', async () => {
    const fake = new FakeNvml(`${ONE_BOARD}base 120\npulse 900 300 480\n`);
    await withMeter(fake, async (meter) => {
      const cuts = [700, 880, 903, 950, 1111, 1250, 1400];
      await sleep(Math.max(0, 1600 - fake.now()));
      const pairs = cuts.slice(1).map((to, i) => [cuts[i] as number, to] as const);
      const windows = [...pairs, [cuts[0] as number, cuts.at(-1) as number] as const];
      const marks = BigInt64Array.from(windows.flatMap(([a, b]) => [fake.at(a), fake.at(b)]));
      const reports = await meter.energies(marks, { covariance: true });
      const whole = measured(reports.at(-1)?.board).value;
      const parts = reports.slice(0, -1).map(({ board }) => measured(board).value);
      expect(parts.reduce((sum, part) => sum + part, 0)).toBeCloseTo(whole, 9);
      const rows = reports.map(({ covariance }) => covariance?.['board-0'] as Float64Array);
      const n = pairs.length;
      let variance = 0;
      for (let i = 0; i < n; ++i) for (let j = 0; j < n; ++j) variance += rows[i]?.[j] as number;
      expect(variance).toBeCloseTo(rows[n]?.[n] as number, 6);
      expect(reports[0]?.timeline.series).toEqual([]);
      await expect(meter.energies(marks, { covariance: true, kind: 'caused' })).rejects.toMatchObject({
        code: 'invalid-argument',
      });
    });
  });

  test('caused energy leaves idle out, and the idle power stands beside it', async () => {
    const fake = new FakeNvml(`${ONE_BOARD}base 118\npulse 1000 200 482\n`);
    await withMeter(fake, async (meter) => {
      await sleep(Math.max(0, 1000 - fake.now()));
      const report = await meter.energy(fake.at(1000), fake.at(1200), {
        kind: 'caused',
        idle: { beforeMs: 700, afterMs: 700 },
      });
      expectToHold(report.board, 96.4);
      expect(report.kind).toBe('caused');
      expect(report.board).toMatchObject({ kind: 'caused', gross: { unit: 'J' }, net: { unit: 'J' } });
      const level = report.idle['board-0']?.level;
      expect(Math.abs((level?.value ?? 0) - 118)).toBeLessThan(level?.uncertainty ?? 0);
    });
  });

  test('waits for the edge after a window that has just ended', async () => {
    const fake = new FakeNvml(`${ONE_BOARD}base 200\n`);
    await withMeter(fake, async (meter) => {
      const a = mark();
      await sleep(400);
      const b = mark();
      const { board, timeline } = await meter.energy(a, b);
      expectToHold(board, (200 * Number(b - a)) / 1e9);
      const edges = timeline.series.find(({ source }) => source === 'nvml:total-energy');
      expect(edges?.tBeforeMs.at(-1)).toBeGreaterThanOrEqual(Number(b - a) / 1e6);
    });
  });

  test('every source of the board stands in the timeline', async () => {
    const fake = new FakeNvml(`${ONE_BOARD}base 150\n`);
    await withMeter(fake, async (meter) => {
      const a = mark();
      await sleep(1100);
      const { timeline } = await meter.energy(a, mark());
      expect(timeline.series.map(({ id, source }) => `${id} ${source}`)).toEqual([
        'board-0 nvml:total-energy',
        'board-0 nvml:power-instant',
        'board-0 nvml:power-average',
        'gpu-memory-0 nvml:memory-power',
        'board-0 nvml:power-samples',
      ]);
      for (const { id, unit, value } of timeline.series) {
        expect(value.length).toBeGreaterThan(0);
        if (unit === 'W' && id === 'board-0')
          expect([...value]).toEqual(value.length ? Array(value.length).fill(150) : []);
      }
    });
  });

  test('a window before the meter was opened is suspect, with the reason and no claim', async () => {
    const fake = new FakeNvml(ONE_BOARD);
    await withMeter(fake, async (meter) => {
      const { board } = await meter.energy(fake.at(-60_000), fake.at(-50_000));
      expect(board).toMatchObject({
        status: 'suspect',
        cause: 'history-lost',
        reason: expect.stringMatching(/\.$/),
      });
    });
  });
});

describe('faults', () => {
  test('a GPU lost in the middle: suspect with the cause, and the meter goes on', async () => {
    const fake = new FakeNvml(`${ONE_BOARD}base 120\nlost 900\n`);
    await withMeter(fake, async (meter) => {
      const { result, energy } = await meter.measure(async () => {
        await sleep(Math.max(0, 1300 - fake.now()));
        return 'done';
      });
      expect(result).toBe('done');
      expect(energy.board).toMatchObject({ status: 'suspect', cause: 'device-lost' });
      const threads = meter.statistics().threads;
      expect(threads.find(({ name }) => name === 'nvml0-energy')).toMatchObject({
        state: 'lost',
        reason: expect.any(String),
      });
    });
  });

  test.each([
    ['reset 800', 'counter-reset'],
    ['backwards 800 500', 'counter-backwards'],
    ['stuck 700 5000', 'counter-stuck'],
  ])('a counter with "%s" is suspect: %s', async (line, cause) => {
    const fake = new FakeNvml(`${ONE_BOARD}base 120\n${line}\n`);
    await withMeter(fake, async (meter) => {
      await sleep(Math.max(0, 1500 - fake.now()));
      const { board } = await meter.energy(fake.at(500), fake.at(1300));
      expect(board).toMatchObject({ status: 'suspect', cause });
      const after = line.startsWith('reset') ? await meter.energy(fake.at(1000), fake.at(1300)) : undefined;
      if (after) expectToHold(after.board, 36);
    });
  });

  test('a driver call that never returns stops nothing else', async () => {
    const fake = new FakeNvml(`${TWO_BOARDS}hang nvmlDeviceGetTotalEnergyConsumption 700\n`);
    await withMeter(fake, async (meter) => {
      const a = mark();
      await sleep(Math.max(0, 2200 - fake.now()));
      const b = mark();
      const { scopes } = await meter.energy(a, b);
      expectToHold(scopes['board-0'], (100 * Number(b - a)) / 1e9);
      expect(scopes['board-1']).toMatchObject({ status: 'suspect' });
      expect(meter.statistics().threads.find(({ name }) => name === 'nvml1-energy')?.state).toBe('stuck');
      expect(meter.statistics().threads.find(({ name }) => name === 'nvml1-power')?.state).toBe('running');
    });
  });

  test('a call that the driver refuses makes its channel unsupported, not the meter', async () => {
    const fake = new FakeNvml(
      `${ONE_BOARD}unsupported nvmlDeviceGetTotalEnergyConsumption\nunsupported nvmlDeviceGetSamples\nunsupported nvmlDeviceGetFieldValues\nunsupported nvmlDeviceGetPowerUsage\n`,
    );
    await withMeter(fake, async (meter) => {
      expect(meter.channels[0]?.unsupported).toMatchObject({ code: 'not-supported' });
      const { board, total, timeline } = await meter.energy(mark(), mark());
      expect(board).toMatchObject({
        status: 'unsupported',
        code: 'not-supported',
        reason: expect.any(String),
      });
      expect(board).not.toHaveProperty('value');
      expect(total).toBeUndefined();
      expect(timeline.series).toEqual([]);
    });
  });
});

describe('devices', () => {
  test('two boards: each its own energy, and a total that lists them', async () => {
    await withMeter(new FakeNvml(TWO_BOARDS), async (meter) => {
      const a = mark();
      await sleep(500);
      const b = mark();
      const report = await meter.energy(a, b);
      const seconds = Number(b - a) / 1e9;
      expectToHold(report.scopes['board-0'], 100 * seconds);
      expectToHold(report.scopes['board-1'], 300 * seconds);
      expect(report.board).toBeUndefined();
      expect(report.total?.of).toEqual(['board-0', 'board-1']);
      expectToHold(report.total, 400 * seconds);
    });
  });

  test.each([['GPU-2222'], ['0000:3b:00.0'], [1]])('%s names one of two boards', async (device) => {
    await withMeter(
      new FakeNvml(TWO_BOARDS),
      async (meter) => {
        expect(meter.channels.map(({ id }) => id)).toEqual(['board-1']);
        const a = mark();
        await sleep(400);
        const { board } = await meter.energy(a, mark());
        expect(measured(board).value).toBeGreaterThan(200 * 0.3);
      },
      { devices: [device] },
    );
  });

  test('the order in which the driver lists boards changes their ids, not what a UUID means', async () => {
    const permuted =
      'device GPU-2222 00000000:3B:00.0 Second\nbase 300\ndevice GPU-1111 00000000:19:00.0 Fake\n';
    await withMeter(
      new FakeNvml(permuted),
      async (meter) => {
        expect(meter.channels[0]?.id).toBe('board-0');
        const a = mark();
        await sleep(400);
        const { board } = await meter.energy(a, mark());
        expect(measured(board).value).toBeGreaterThan(200 * 0.3);
      },
      { devices: ['GPU-2222'] },
    );
  });

  test('a name that is no board is refused with the names there are', async () => {
    const opening = Meter.open(new FakeNvml(TWO_BOARDS).options({ devices: ['GPU-3333'] }));
    await expect(opening).rejects.toMatchObject({
      code: 'invalid-argument',
      remedy: expect.stringContaining('GPU-2222'),
    });
  });

  test("another process's work on the board is suspect only where it can be told", async () => {
    const fake = new FakeNvml(`${ONE_BOARD}foreign 4242 60\n`);
    await withMeter(fake, async (meter) => {
      const a = mark();
      await sleep(400);
      const { board, conditions } = await meter.energy(a, mark());
      const otherWork = conditions.devices[0]?.otherWork;
      // In the first PID namespace the PID is somebody's; in a container it could be ours.
      expect(['busy', 'unknown']).toContain(otherWork);
      if (otherWork === 'busy') expect(board).toMatchObject({ status: 'suspect', cause: 'other-work' });
      else expect(board?.status).not.toBe('suspect');
    });
  });

  test('two busy processes prove that one is not ours, in a container too; they are named', async () => {
    const fake = new FakeNvml(`${ONE_BOARD}foreign 4242 60\nforeign 77 30\nforeign 5 1\n`);
    await withMeter(fake, async (meter) => {
      const a = mark();
      await sleep(400);
      const { board, conditions } = await meter.energy(a, mark());
      expect(conditions.devices[0]).toMatchObject({ otherWork: 'busy', busyProcesses: [4242, 77] });
      expect(board).toMatchObject({ status: 'suspect', cause: 'other-work' });
    });
  });

  test('work of others that ended before a window and its quiet time is none of its work', async () => {
    // Two, so that it can be told in a container too.
    const fake = new FakeNvml(`${ONE_BOARD}foreign 4242 60 300\nforeign 77 30 300\n`);
    await withMeter(fake, async (meter) => {
      await sleep(fake.at(600) > mark() ? Number(fake.at(600) - mark()) / 1e6 : 0);
      const during = await meter.energy(fake.at(100), fake.at(500));
      expect(during.conditions.devices[0]).toMatchObject({ otherWork: 'busy', busyProcesses: [4242, 77] });
      await sleep(Math.max(0, Number(fake.at(1500) - mark()) / 1e6));
      const a = mark();
      await sleep(300);
      const { board, conditions } = await meter.energy(a, mark());
      expect(conditions.devices[0]).toMatchObject({ busyProcesses: [] });
      expect(conditions.devices[0]?.otherWork).not.toBe('busy');
      expect(board).toMatchObject({ status: 'ok' });
    });
  });

  test('work of a process that this one has started is other work, unless ownWork says tree', async () => {
    const child = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)'], { detached: true });
    try {
      const fake = new FakeNvml(`${ONE_BOARD}foreign ${child.pid} 60\n`);
      const otherWork = async (ownWork: 'process' | 'tree') => {
        const meter = await Meter.open(fake.options({ ownWork }));
        const a = mark();
        await sleep(400);
        const { board, conditions } = await meter.energy(a, mark());
        await meter.close();
        return [conditions.devices[0]?.otherWork, board?.status];
      };
      expect(await otherWork('tree')).not.toContain('suspect');
      // In a container nobody can tell whose process it is.
      expect(['busy', 'unknown']).toContain((await otherWork('process'))[0]);
    } finally {
      child.kill('SIGKILL');
    }
  });
});

describe('no counters', () => {
  test('a machine without NVML: every channel says why, and measure still gives the result', async () => {
    const meter = await Meter.open({ roots: { nvml: '/nonexistent/libnvidia-ml.so.1' } });
    try {
      expect(meter.channels.map(({ id }) => id)).toEqual(['board-0', 'package-0']);
      expect(meter.channels[0]?.unsupported).toMatchObject({
        code: 'library-not-found',
        remedy: expect.stringContaining('driver'),
      });
      const { result, energy } = await meter.measure(() => 42);
      expect(result).toBe(42);
      expect(energy.board).toMatchObject({ status: 'unsupported', code: 'library-not-found' });
      const out = new Float64Array(2);
      meter.read(out);
      expect([...out]).toEqual([Number.NaN, Number.NaN]);
    } finally {
      await meter.close();
    }
  });

  test.each([
    ['', 'not-supported'],
    ['init fail 9\n', 'driver-failure'],
    ['init fail 4\n', 'permission-denied'],
    ['init fail 18\n', 'driver-failure'],
  ])('a driver with script %j is %s', async (script, code) => {
    await withMeter(new FakeNvml(script), async (meter) => {
      expect(meter.channels).toHaveLength(1);
      expect(meter.channels[0]?.unsupported).toMatchObject({ code, remedy: expect.any(String) });
    });
  });
});

describe('closing', () => {
  test('is idempotent, and everything after it says meter-closed', async () => {
    const meter = await Meter.open(new FakeNvml(ONE_BOARD).options());
    await Promise.all([meter.close(), meter.close()]);
    await meter.close();
    const closed = expect.objectContaining({ code: 'meter-closed' });
    expect(() => meter.read(new Float64Array(1))).toThrow(MicrojouleError);
    expect(() => meter.read(new Float64Array(1))).toThrow(closed);
    expect(() => meter.statistics()).toThrow(closed);
    await expect(meter.energy(1n, 2n)).rejects.toEqual(closed);
    await expect(meter.measure(() => 1)).rejects.toEqual(closed);
  });

  test('ends a wait that is pending with meter-closed', async () => {
    const meter = await Meter.open(new FakeNvml(ONE_BOARD).options());
    const pending = meter.energy(mark(), mark() + 60_000_000_000n);
    const rejected = expect(pending).rejects.toMatchObject({ code: 'meter-closed' });
    await meter.close();
    await rejected;
  });
});
