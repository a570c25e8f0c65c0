// Calibrations kept on disk: which one a meter takes, and what is said of one that it does not take.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { writeCache } from '../../src/calibration/cache.js';
import { differenceOf } from '../../src/calibration/state.js';
import { type Calibration, Meter, mark } from '../../src/index.js';
import { probeCounters } from '../../src/probe-counters.js';
import { privateCache } from '../helpers/cache-home.js';
import { cacheFolder, calibrationOf, writeCacheFile } from '../helpers/calibration.js';
import { FakeNvml, ONE_BOARD, sleep } from '../helpers/fake-nvml.js';
import { withMeter } from '../helpers/with-meter.js';

privateCache();

const CACHED = { calibration: 'cached' } as const;

const BURST = `${ONE_BOARD}pulse 2000 20 400\n`;

const gpuOf = async (fake: FakeNvml) => {
  const { gpus } = await probeCounters({ roots: { nvml: fake.path }, timing: false });
  return gpus[0] as (typeof gpus)[number];
};

describe('the state of a board', () => {
  test('is what NVML and the kernel tell; what they do not tell is null', async () => {
    const fake = new FakeNvml(
      `${ONE_BOARD}limit 500\npersistence off\nclocks 1200 2600\nunsupported nvmlDeviceGetApplicationsClock\n`,
    );
    expect((await gpuOf(fake)).state).toEqual({
      uuid: 'GPU-1111',
      driver: '580.159.04',
      kernel: expect.any(String),
      bootId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      powerLimitW: 500,
      persistenceMode: false,
      graphicsClockMHz: null,
      memoryClockMHz: null,
      autoBoost: null,
    });
    const boosting = new FakeNvml(`${ONE_BOARD}auto-boost on\nclocks 1200 2600\n`);
    expect((await gpuOf(boosting)).state).toMatchObject({
      autoBoost: true,
      graphicsClockMHz: 1200,
      memoryClockMHz: 2600,
    });
  });

  test('differs in words', async () => {
    const { state } = await calibrationOf(new FakeNvml(ONE_BOARD));
    expect(differenceOf(state, state)).toBe(undefined);
    expect(differenceOf(state, { ...state, powerLimitW: 500 })).toBe('under power limit 700 W, now 500 W');
    expect(differenceOf(state, { ...state, persistenceMode: null, bootId: 'another' })).toBe(
      'before the last boot; under persistence mode on, now not told',
    );
    expect(differenceOf({ ...state, autoBoost: false }, { ...state, autoBoost: true })).toBe(
      'under auto boost off, now on',
    );
  });
});

describe('the cache', () => {
  test('without a calibration the built-in figures are used, and said', async () => {
    const fake = new FakeNvml(BURST);
    expect((await gpuOf(fake)).calibration).toEqual({ from: 'built-in', reason: expect.any(String) });
    await withMeter(
      fake,
      async (meter) => {
        const { scopes } = await meter.energy(mark(), mark());
        expect(scopes['board-0']?.figures).toEqual({ from: 'built-in' });
      },
      CACHED,
    );
  });

  test('gives back what was written, and leaves no temporary file', async () => {
    const fake = new FakeNvml(BURST);
    const calibration = await calibrationOf(fake);
    await writeCache({ ...calibration, held: 1 });
    const path = await writeCache(calibration);
    expect(readdirSync(cacheFolder())).toEqual(['GPU-1111.json']);
    expect(JSON.parse(readFileSync(path, 'utf8')).held).toBe(58);
    expect((await gpuOf(fake)).calibration).toEqual({
      from: 'calibration',
      at: calibration.at,
      ageMs: expect.any(Number),
      age: '2 days',
      calibration: { ...calibration, sham: { count: 0, meanJ: null, uncertaintyJ: null } },
    });
    const { counters } = await probeCounters({ roots: { nvml: fake.path }, timing: false });
    expect(counters[0]).toMatchObject({ id: 'board-0', disturbs: 'no' });
    expect(counters[1]).toMatchObject({ id: 'board-0', disturbs: 'not tested' });
  });

  test.each([
    ['another power limit', 'limit 500\n', 'power limit 700 W, now 500 W'],
    ['another persistence mode', 'persistence off\n', 'persistence mode on, now off'],
    ['other clocks', 'clocks 1200 2619\n', 'application clock 1980 MHz, now 1200 MHz'],
  ])('of %s is not used, and the probe says so', async (_, setting, said) => {
    await writeCache(await calibrationOf(new FakeNvml(BURST)));
    const fake = new FakeNvml(`${BURST}${setting}`);
    const { calibration } = await gpuOf(fake);
    expect(calibration).toMatchObject({
      from: 'built-in',
      reason: `Calibrated 2 days ago under ${said}.`,
      stale: { held: 58 },
    });
    await withMeter(
      fake,
      async (meter) => {
        const { scopes } = await meter.energy(mark(), mark());
        expect(scopes['board-0']?.figures).toEqual({ from: 'built-in' });
      },
      CACHED,
    );
  });

  test.each([
    ['nothing', '', 'not JSON'],
    ['half a file', '{"schema": 1, "at"', 'not JSON'],
    ['another schema', '{"schema": 2}', 'schema 2 instead of 1'],
    ['a list', '[]', 'no the calibration'],
  ])('a file of %s is ignored, and said', async (_, text, said) => {
    writeCacheFile('GPU-1111', text);
    const fake = new FakeNvml(BURST);
    const { calibration } = await gpuOf(fake);
    expect(calibration).toMatchObject({ from: 'built-in', reason: expect.stringContaining(said) });
    await (await Meter.open(fake.options(CACHED))).close();
  });

  test('a figure out of all bounds, another board and a folder in the place of the file are ignored too', async () => {
    const fake = new FakeNvml(BURST);
    const calibration = await calibrationOf(fake);
    writeCacheFile(
      'GPU-1111',
      JSON.stringify({ ...calibration, figures: { ...calibration.figures, periodNs: 0 } }),
    );
    expect((await gpuOf(fake)).calibration).toMatchObject({
      reason: expect.stringContaining('figures.periodNs is 0'),
    });
    writeCacheFile(
      'GPU-1111',
      JSON.stringify({ ...calibration, state: { ...calibration.state, uuid: 'GPU-2' } }),
    );
    expect((await gpuOf(fake)).calibration).toMatchObject({
      reason: expect.stringContaining('of another board'),
    });
    mkdirSync(`${cacheFolder()}/GPU-3.json`);
    await (await Meter.open(fake.options(CACHED))).close();
  });
});

describe('the option calibration of a meter', () => {
  test.each([
    ['fresh', /must be 'cached', 'built-in' or an array/],
    [[{}], /calibration\[0\] is no calibration: schema undefined/],
    [[null], /calibration\[0\] is no calibration/],
  ])('%j is refused', async (calibration, message) => {
    await expect(Meter.open({ calibration: calibration as never })).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringMatching(message),
    });
  });

  test('two of one board are refused', async () => {
    const one = await calibrationOf(new FakeNvml(ONE_BOARD));
    await expect(Meter.open({ calibration: [one, one] })).rejects.toMatchObject({ code: 'invalid-argument' });
  });

  test('a calibrated meter gives narrower intervals, and says what with', async () => {
    const fake = new FakeNvml(BURST);
    const calibration: Calibration = await calibrationOf(fake);
    await writeCache(calibration);
    const meters = await Promise.all(
      (['cached', 'built-in', [calibration]] as const).map((one) =>
        Meter.open(fake.options({ calibration: one })),
      ),
    );
    await sleep(Math.max(0, 3500 - fake.now()));
    const idle = { beforeMs: 800, afterMs: 800 };
    const energies = await Promise.all(
      meters.map(async (meter) => {
        const report = await meter.energy(fake.at(2000), fake.at(2020), { kind: 'caused', idle });
        return report.scopes['board-0'] as Extract<(typeof report.scopes)[string], { unit: 'J' }>;
      }),
    );
    await Promise.all(meters.map((meter) => meter.close()));
    const [cached, builtIn, given] = energies as [
      (typeof energies)[0],
      (typeof energies)[0],
      (typeof energies)[0],
    ];
    const used = { from: 'calibration', at: calibration.at, ageMs: expect.any(Number) };
    expect([cached.figures, builtIn.figures, given.figures]).toEqual([used, { from: 'built-in' }, used]);
    const phase = (energy: typeof cached) =>
      energy.budget?.terms.find(({ name }) => name === 'phase')?.uncertainty ?? 0;
    expect(phase(cached)).toBeLessThan(0.1 * phase(builtIn));
    expect(phase(given)).toBeLessThan(0.1 * phase(builtIn));
    expect(cached.uncertainty as number).toBeLessThan(builtIn.uncertainty as number);
  });
});
