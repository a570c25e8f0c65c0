// probe({ calibrate }) on a fake board whose power follows this process's CPU time, with a session on the CPU as the load.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { judge } from '../../src/calibration/disturbance.js';
import { productsModel } from '../../src/calibration/model.js';
import { gapMs, planBursts } from '../../src/calibration/plan.js';
import {
  type CalibrateOptions,
  type CalibrateProgress,
  InferenceSession,
  Meter,
  type ProbeReport,
  probe,
  Tensor,
} from '../../src/index.js';
import { privateCache } from '../helpers/cache-home.js';
import { cacheFolder, calibrationOf, writeCacheFile } from '../helpers/calibration.js';
import { mustRun, root, run } from '../helpers/child.js';
import { FakeNvml, ONE_BOARD, TWO_BOARDS } from '../helpers/fake-nvml.js';

privateCache();

const CLI = join(root, 'dist/cli/main.js');
const feeds = { x: new Tensor('float32', Float32Array.of(1), [1]) };
let session: InferenceSession;

beforeAll(async () => {
  session = await InferenceSession.create(productsModel(192, 1), { intraOpNumThreads: 1 });
});
afterAll(() => session.release());

const calibrate = (fake: FakeNvml, options: CalibrateOptions): Promise<ProbeReport> =>
  probe({ roots: { nvml: fake.path }, timing: false, calibrate: options });

describe('the plan of bursts', () => {
  const plan = planBursts({ burstsMs: [5, 20], count: 40, shams: 10, seed: 3 });

  test('has so many of each length, in an order that the seed decides', () => {
    const count = (kindMs: number) => plan.filter((burst) => burst.kindMs === kindMs).length;
    expect([count(0), count(5), count(20)]).toEqual([10, 40, 40]);
    expect(planBursts({ burstsMs: [5, 20], count: 40, shams: 10, seed: 3 })).toEqual(plan);
    expect(planBursts({ burstsMs: [5, 20], count: 40, shams: 10, seed: 4 })).not.toEqual(plan);
  });

  test('fills the period with start phases of each length', () => {
    for (const kindMs of [5, 20]) {
      const phases = plan.filter((burst) => burst.kindMs === kindMs).map(({ phase }) => phase);
      const gaps = phases.sort((a, b) => a - b).map((phase, i) => phase - (phases[i - 1] ?? 0));
      expect(Math.max(...gaps)).toBeLessThan(2.7 / 40);
    }
  });

  test('leaves gaps that grow with the period', () => {
    expect(gapMs(20)).toBe(250);
    expect(gapMs(1000)).toBe(2500);
  });
});

describe('whether reading disturbs', () => {
  const powers = (...watts: number[]) => watts.map((one) => ({ watts: one, uncertainty: 0.1 }));
  const usual = powers(100, 101, 99, 100, 100, 100, 101, 99);

  test('is told where the ratio of powers is known well enough', () => {
    expect(judge(usual, usual)).toMatchObject({ disturbs: 'no', ratio: 1 });
    const low = judge(
      usual,
      usual.map(({ watts, uncertainty }) => ({ watts: 0.4 * watts, uncertainty })),
    );
    expect(low.disturbs).toBe('yes');
    expect(low.ratio).toBeCloseTo(0.4, 6);
  });

  test('is not told where it is not', () => {
    const unsteady = judge(usual, powers(100, 90, 130, 80, 100, 120, 70, 100));
    expect(unsteady).toMatchObject({ disturbs: 'not tested', reason: expect.stringContaining('known to') });
  });
});

describe('probe({ calibrate })', () => {
  test.each<[string, unknown, RegExp]>([
    ['text', 'yes', /calibrate must be an object/],
    ['an unknown option', { bursts: 3 }, /no option of calibrate: 'bursts'/],
    ['one length', { burstsMs: [5] }, /burstsMs must be an array of 2 lengths or more/],
    ['one length twice', { burstsMs: [5, 5] }, /burstsMs/],
    ['a length of nothing', { burstsMs: [0, 5] }, /burstsMs\[0\] must be a number of at least/],
    ['few bursts', { count: 3 }, /calibrate.count must be a whole number from 20/],
    ['a session that is none', { session: {} }, /must be an InferenceSession/],
    ['feeds alone', { feeds: {} }, /must be an InferenceSession/],
  ])('refuses %s', async (_, options, message) => {
    const error = probe({ calibrate: options as CalibrateOptions });
    await expect(error).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringMatching(message),
    });
  });

  test('finds the figures of a board, keeps them, and meters use them', async () => {
    const fake = new FakeNvml(`${ONE_BOARD}follow-cpu 60 150\n`);
    const phases = new Set<CalibrateProgress['phase']>();
    const report = await calibrate(fake, {
      session,
      feeds,
      burstsMs: [40, 120],
      count: 20,
      shams: 4,
      disturbance: false,
      onProgress: ({ phase }) => phases.add(phase),
    });
    expect([...phases]).toEqual(['load', 'bursts', 'fit']);
    const [done] = report.calibrated ?? [];
    if (!done?.calibrated) throw new Error(done?.reason);
    const { calibration } = done;
    expect(calibration).toMatchObject({
      schema: 1,
      simulated: true,
      state: { uuid: 'GPU-1111' },
      disturbance: { disturbs: 'not tested', reason: expect.any(String) },
    });
    expect(calibration.figures.periodNs / 1e6).toBeCloseTo(100.002, 1);
    expect(calibration.kinds.map(({ kindMs }) => kindMs)).toEqual([40, 120]);
    expect(done.path).toBe(join(cacheFolder(), 'GPU-1111.json'));
    expect(report.gpus[0]?.calibration).toMatchObject({ from: 'calibration', at: calibration.at });
    const meter = await Meter.open(fake.options({ calibration: 'cached' }));
    const now = process.hrtime.bigint();
    const { scopes } = await meter.energy(now - 200_000_000n, now);
    await meter.close();
    expect(scopes['board-0']?.figures).toMatchObject({ from: 'calibration', at: calibration.at });
  }, 120_000);

  test('without a load says so, with the remedy, and keeps nothing', async () => {
    const fake = new FakeNvml(ONE_BOARD);
    const { calibrated } = await probe({ roots: { nvml: fake.path }, timing: false, calibrate: true });
    expect(calibrated).toEqual([
      {
        id: 'board-0',
        name: 'Fake H100',
        uuid: 'GPU-1111',
        calibrated: false,
        code: expect.any(String),
        reason: expect.stringContaining('There is no load to calibrate with'),
        remedy: expect.stringContaining('session'),
      },
    ]);
    expect(existsSync(cacheFolder())).toBe(false);
  });

  test('refuses boards that there are not, and calibrates only those asked for', async () => {
    const fake = new FakeNvml(TWO_BOARDS);
    await expect(calibrate(fake, { devices: ['GPU-9'] })).rejects.toMatchObject({ code: 'invalid-argument' });
    const { calibrated } = await calibrate(fake, { devices: ['GPU-2222'] });
    expect(calibrated?.map(({ id }) => id)).toEqual(['board-1']);
  });

  test('ends with the signal', async () => {
    const fake = new FakeNvml(`${ONE_BOARD}follow-cpu 60 150\n`);
    const stop = new AbortController();
    const reason = new Error('enough');
    const onProgress = ({ phase, done }: CalibrateProgress) => {
      if (phase === 'bursts' && done === 2) stop.abort(reason);
    };
    const run = calibrate(fake, { session, feeds, burstsMs: [5, 10], signal: stop.signal, onProgress });
    await expect(run).rejects.toBe(reason);
    expect(existsSync(cacheFolder())).toBe(false);
  });

  test('no board is no error', async () => {
    const { calibrated } = await probe({
      roots: { nvml: '/nonexistent.so' },
      timing: false,
      calibrate: true,
    });
    expect(calibrated).toEqual([]);
  });
});

describe('microjoule probe', () => {
  const cli = (fake: FakeNvml, ...args: string[]) =>
    run(process.execPath, [CLI, 'probe', '--nvml', fake.path, ...args], root);

  test('shows each board with how it is set up and what its figures are', async () => {
    const fake = new FakeNvml(`${TWO_BOARDS}limit 500\n`);
    const calibration = await calibrationOf(fake);
    writeCacheFile('GPU-1111', JSON.stringify(calibration));
    const state = { ...calibration.state, uuid: 'GPU-2222' };
    writeCacheFile('GPU-2222', JSON.stringify({ ...calibration, state }));
    const text = mustRun(process.execPath, [CLI, 'probe', '--nvml', fake.path], root);
    expect(text).toContain('power limit 700 W, persistence mode on, application clocks 1980 MHz');
    expect(text).toContain('calibrated 2 days ago; 58 of 60 bursts held back were told right');
    expect(text).toContain('built-in figures (conservative); microjoule probe --calibrate finds');
    expect(text).toContain('Calibrated 2 days ago under power limit 700 W, now 500 W.');
  });

  test('--calibrate tells in text and as JSON what became of it', () => {
    const fake = new FakeNvml(ONE_BOARD);
    const { code, stdout } = cli(fake, '--calibrate');
    expect(code).toBe(0);
    expect(stdout).toContain('not calibrated: There is no load to calibrate with');
    const report: ProbeReport = JSON.parse(cli(fake, '--calibrate', '--device', 'GPU-1111', '--json').stdout);
    expect(report.calibrated?.[0]).toMatchObject({ uuid: 'GPU-1111', calibrated: false });
  });

  test('refuses --device without --calibrate, and --fix with it', () => {
    const fake = new FakeNvml(ONE_BOARD);
    expect(cli(fake, '--device', '0')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--calibrate'),
    });
    expect(cli(fake, '--fix', '--calibrate')).toMatchObject({ code: 2 });
  });
});
