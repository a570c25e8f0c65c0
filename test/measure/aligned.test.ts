import { describe, expect, test } from 'vitest';
import { type Energy, Meter, type MeterMeasureOptions, mark } from '../../src/index.js';
import { FakeNvml, ONE_BOARD, sleep } from '../helpers/fake-nvml.js';
import { FakeRapl, SKYLAKE_X, UNITS } from '../helpers/fake-rapl.js';
import { SteppingMsr } from '../helpers/stepping-msr.js';

const ALIGNED = { align: 'counter-step' } as const;
const NS = 1e9;
/** A busy machine keeps the thread that moves the register, or the one that watches it, from running. */
const ATTEMPTS = 20;

type Known = Extract<Energy, { status: 'ok' | 'below-resolution' }>;

function known(energy: Energy | undefined): Known {
  if (energy?.status !== 'ok' && energy?.status !== 'below-resolution')
    throw new Error(JSON.stringify(energy));
  return energy;
}

function spin(ms: number): string {
  for (const until = mark() + BigInt(ms) * 1_000_000n; mark() < until; );
  return 'done';
}

describe('a register that steps each millisecond', () => {
  async function stepping(): Promise<{ fake: SteppingMsr; meter: Meter }> {
    const tree = await new FakeRapl(SKYLAKE_X).msr(0, 0x606, UNITS).play();
    const fake = SteppingMsr.start(tree.path('dev/cpu/0/msr'), 800);
    while (fake.written().every(({ end }) => end === 0n)) await sleep(10);
    return { fake, meter: await Meter.open(tree.options()) };
  }

  test('a window of milliseconds is told several times better than without', async () => {
    const { fake, meter } = await stepping();
    let held = 0;
    let narrowest = Number.POSITIVE_INFINITY;
    let plain = 0;
    for (let i = 0; i < ATTEMPTS && (held === 0 || narrowest > plain / 4); ++i) {
      const measured = await meter.measure(() => spin(4), ALIGNED);
      plain = known((await meter.measure(() => spin(4))).energy.scopes['package-0']).uncertainty;
      expect(measured).toMatchObject({ result: 'done', repetitions: 1 });
      if (!measured.alignment?.aligned.includes('package-0')) continue;
      const energy = known(measured.energy.scopes['package-0']);
      const truth = (fake.watts * Number(measured.end - measured.start)) / NS;
      held += Math.abs(energy.value - truth) <= energy.uncertainty ? 1 : 0;
      narrowest = Math.min(narrowest, energy.uncertainty);
      expect(energy.method).toBe('msr:0x611, from step to step, less the spin beside the window');
      expect(energy.budget?.terms.map(({ name }) => name)).toEqual(
        expect.arrayContaining(['edge-timing', 'quantum', 'cut-interval', 'mark-delay']),
      );
      expect(energy.gross?.value).toBe(energy.value);
      expect(measured.energy.total).toMatchObject({ of: ['package-0'], value: energy.value });
    }
    expect(held).toBeGreaterThan(0);
    expect(narrowest).toBeLessThan(plain / 4);
    await meter.close();
  });

  test('a promise is waited for; what fn throws is thrown', async () => {
    const { meter } = await stepping();
    const measured = await meter.measure(() => sleep(3).then(() => 7), ALIGNED);
    expect(measured.result).toBe(7);
    expect(measured.durationMs).toBeGreaterThanOrEqual(2);
    expect(measured.alignment).toBeDefined();
    const refused = () => {
      throw new Error('no');
    };
    await expect(meter.measure(refused, ALIGNED)).rejects.toThrow('no');
    expect((await meter.measure(() => 1)).alignment).toBeUndefined();
    await meter.close();
  });
});

test('a counter that steps too rarely keeps its usual figure and says so', async () => {
  // 2.5 mW: a step in 24 ms.
  const fake = await new FakeRapl(SKYLAKE_X)
    .msr(0, 0x606, UNITS)
    .msr(0, 0x611, 1000n, 50)
    .msr(0, 0x619, 1000n, 0.0025)
    .play();
  const meter = await Meter.open(fake.options());
  const { alignment, energy } = await meter.measure(() => spin(2), ALIGNED);
  expect(alignment?.unaligned).toContainEqual({
    id: 'dram-0',
    reason: expect.stringMatching(
      /^It stepped \d times in the 30 ms before the window, and 9 steps are needed\.$/,
    ),
  });
  expect(energy.scopes['dram-0']?.method).toContain('posterior');
  await meter.close();
});

describe('is refused before fn is called', () => {
  const never = () => {
    throw new Error('called');
  };

  test('where it makes no sense', async () => {
    const fake = await new FakeRapl(SKYLAKE_X).msr(0, 0x606, UNITS).msr(0, 0x611, 1000n, 50).play();
    const meter = await Meter.open(fake.options());
    const wrong: MeterMeasureOptions[] = [
      { repetitions: 2 },
      { minDurationMs: 5 },
      { target: { relativeUncertainty: 0.1 } },
      { mode: 'burst' },
      { runsPerBlock: 3 },
      { sham: true },
      { kind: 'caused' },
      { idle: { beforeMs: 100 } },
    ];
    for (const options of wrong) {
      await expect(meter.measure(never, { ...ALIGNED, ...options })).rejects.toMatchObject({
        code: 'invalid-argument',
        message: expect.stringContaining(Object.keys(options)[0] as string),
      });
    }
    await expect(meter.measure(never, { align: 'step' as never })).rejects.toMatchObject({
      code: 'invalid-argument',
    });
    await meter.close();
  });

  test('where no counter can be read at once', async () => {
    const nvml = new FakeNvml(ONE_BOARD);
    const meter = await Meter.open({ sources: ['nvml'], roots: { nvml: nvml.path } });
    await expect(meter.measure(never, ALIGNED)).rejects.toMatchObject({
      code: 'not-supported',
      message: expect.stringContaining('No window can be aligned here'),
      remedy: expect.stringContaining('align'),
    });
    await meter.close();
  });

  test('where the processor has no counter it says why', async () => {
    const fake = new FakeRapl(SKYLAKE_X);
    const meter = await Meter.open(fake.options());
    const [{ unsupported } = {}] = meter.channels;
    await expect(meter.measure(never, ALIGNED)).rejects.toMatchObject({
      code: unsupported?.code,
      message: expect.stringContaining(unsupported?.reason ?? ''),
    });
    await meter.close();
  });
});
