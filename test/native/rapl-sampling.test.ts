import { spawnSync } from 'node:child_process';
import { accessSync, chmodSync, constants } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Channel, Meter, MicrojouleError, mark, type StepRecord } from '../../src/index.js';
import { root } from '../helpers/child.js';
import { FakeNvml, ONE_BOARD, sleep } from '../helpers/fake-nvml.js';
import { FakePerf } from '../helpers/fake-perf.js';
import { FakeRapl, joules, SKYLAKE_X, UNITS } from '../helpers/fake-rapl.js';
import { PERF_PARANOID, withPerfParanoid } from '../helpers/perf-paranoid.js';
import { testIf } from '../helpers/skip.js';
import { SteppingMsr } from '../helpers/stepping-msr.js';

const perf = new FakePerf(['energy-pkg', 'energy-ram']);
const trial = await Meter.open(perf.options());
const refused = trial.channels[0]?.unsupported;
await trial.close();
const testPerf = testIf(refused === undefined, `perf_event_open is refused here: ${refused?.reason ?? ''}`);

/** Steps and powers belong together, and time goes on. */
function expectWhole(record: StepRecord): void {
  const { tBeforeMs, tAfterMs } = record.steps;
  expect(record.power.value).toHaveLength(Math.max(0, record.steps.joules.length - 1));
  expect(record.power.uncertainty).toHaveLength(record.power.value.length);
  record.steps.joules.forEach((value, i) => {
    expect(tAfterMs[i]).toBeGreaterThanOrEqual(tBeforeMs[i] as number);
    if (i > 0) expect(value).toBeGreaterThan(record.steps.joules[i - 1] as number);
    if (i > 0) expect(tAfterMs[i]).toBeGreaterThan(tAfterMs[i - 1] as number);
  });
}

describe('through perf_event_open', () => {
  let meter: Meter;
  beforeAll(async () => {
    meter = await Meter.open(perf.options());
  });
  afterAll(() => meter.close());

  testPerf('all domains of the package are channels', () => {
    expect(meter.channels).toMatchObject([
      { id: 'package-0', method: 'perf:energy-pkg', scope: 'cpu-package' },
      { id: 'dram-0', method: 'perf:energy-ram', scope: 'dram' },
    ]);
  });

  testPerf('sample(out) gives the joules of this very moment', async () => {
    const { read, sample } = meter;
    const out = new Float64Array(2);
    const known = new Float64Array(2);
    const [before, begin] = [mark(), out];
    sample(begin);
    const first = out[0] as number;
    const after = mark();
    await sleep(100);
    const [from, last] = [mark(), out];
    read(known);
    sample(last);
    const to = mark();
    expect(out[0]).toBeGreaterThanOrEqual(known[0] as number);
    expect(out[1]).toBeGreaterThanOrEqual(known[1] as number);
    // 1 W, so joules are seconds; the kernel's clock of a CPU may tick a little apart from ours.
    expect((out[0] as number) - first).toBeGreaterThan(0.99 * Number(from - after) * 1e-9);
    expect((out[0] as number) - first).toBeLessThan(1.01 * Number(to - before) * 1e-9);
  });

  testPerf('two samples in a row differ by what has passed between them', () => {
    const out = new Float64Array(2);
    let last = 0;
    for (let i = 0; i < 1000; ++i) {
      meter.sample(out);
      expect(out[0]).toBeGreaterThan(last);
      last = out[0] as number;
    }
  });

  testPerf('a window of a few milliseconds holds the truth', async () => {
    for (const ms of [3, 30]) {
      const { energy, durationMs } = await meter.measure(() => sleep(ms));
      const figure = energy.scopes['package-0'];
      expect(figure?.status).toMatch(/^(ok|below-resolution)$/);
      if (figure?.status !== 'ok' && figure?.status !== 'below-resolution') return;
      const { value, uncertainty, lo = value - uncertainty, hi = value + uncertainty } = figure;
      expect(lo).toBeLessThanOrEqual(1.01 * durationMs * 1e-3);
      expect(hi).toBeGreaterThanOrEqual(0.99 * durationMs * 1e-3);
    }
  });

  testPerf('recordSteps() gives plain data: every step with its time, and the cost of a read', async () => {
    const record = await meter.recordSteps({ id: 'package-0', durationMs: 50 });
    expect(record).toMatchObject({ id: 'package-0', method: 'perf:energy-pkg' });
    expect(record.durationMs).toBeGreaterThanOrEqual(50);
    expect(record.reads).toBeGreaterThan(10);
    expect(record.readUs.p50).toBeGreaterThan(0);
    expect(record.readUs.p99).toBeGreaterThanOrEqual(record.readUs.p50);
    expect(record.fault).toBeUndefined();
    expectWhole(record);
    const shown = record.steps.joules.at(-1) as number;
    expect(shown).toBeGreaterThan(0.5 * record.durationMs * 1e-3);
    expect(shown).toBeLessThanOrEqual(1.01 * record.durationMs * 1e-3);
    expect(structuredClone(record).steps).toEqual(record.steps);
    expect(JSON.parse(JSON.stringify(record))).toMatchObject({
      start: String(record.start),
      steps: { joules: Array.from(record.steps.joules) },
    });
  });

  testPerf('closing the meter ends a recording', async () => {
    const closing = await Meter.open(perf.options());
    const pending = closing.recordSteps({ id: 'package-0', durationMs: 10_000 });
    const rejected = expect(pending).rejects.toMatchObject({ code: 'meter-closed' });
    await closing.close();
    await rejected;
    expect(() => closing.sample(new Float64Array(2))).toThrow(MicrojouleError);
    await expect(closing.recordSteps({ id: 'package-0' })).rejects.toMatchObject({ code: 'meter-closed' });
  });
});

describe('a register that steps each millisecond', () => {
  test('is recorded with the time of each step, and the power between them', async () => {
    const tree = await new FakeRapl(SKYLAKE_X).msr(0, 0x606, UNITS).play();
    const fake = SteppingMsr.start(tree.path('dev/cpu/0/msr'), 800);
    while (fake.written().every(({ end }) => end === 0n)) await sleep(10);
    const meter = await Meter.open(tree.options());
    const record = await meter.recordSteps({ id: 'package-0', durationMs: 400 });
    const last = record.steps.joules.length - 1;
    expectWhole(record);
    expect(last).toBeGreaterThan(2);
    // What the thread did not see it says.
    expect(last + record.missedUpdates).toBeGreaterThan(0.5 * record.durationMs);

    // The first step seen is that of some write; all others follow from it by their energy.
    const written = fake.written();
    const at = (instant: bigint) => Number(instant - record.start) / 1e6;
    const begin = record.steps.tBeforeMs[0] as number;
    const first = written.findIndex(({ end }) => end !== 0n && at(end) >= begin);
    const origin = first - Math.round((record.steps.joules[0] as number) / fake.stepJ);
    const holding = Array.from(record.steps.joules, (value, i) => {
      const write = written[origin + Math.round(value / fake.stepJ)];
      return (
        write !== undefined &&
        (record.steps.tBeforeMs[i] as number) <= at(write.end) &&
        (record.steps.tAfterMs[i] as number) >= at(write.begin)
      );
    });
    expect(holding.filter(Boolean).length).toBeGreaterThan(0.5 * holding.length);

    const elapsed = (record.steps.tAfterMs[last] as number) - (record.steps.tAfterMs[0] as number);
    const energy = (record.steps.joules[last] as number) - (record.steps.joules[0] as number);
    expect(energy / elapsed).toBeGreaterThan((0.5 * fake.watts) / 1e3);
    expect(energy / elapsed).toBeLessThan((1.5 * fake.watts) / 1e3);
    await meter.close();
  });

  test('is sampled across its wrap', async () => {
    const fake = await new FakeRapl(SKYLAKE_X)
      .msr(0, 0x606, UNITS)
      .msr(0, 0x611, 2n ** 32n - 600_000n, 80)
      .play();
    const meter = await Meter.open(fake.options());
    const out = new Float64Array(1);
    meter.sample(out);
    const first = out[0] as number;
    let last = first;
    const begin = mark();
    while (mark() - begin < 700_000_000n) {
      meter.sample(out);
      expect(out[0]).toBeGreaterThanOrEqual(last);
      last = out[0] as number;
      await sleep(1);
    }
    const truth = joules(80, begin, mark());
    expect(last - first).toBeGreaterThan(0.8 * truth);
    expect(last - first).toBeLessThan(1.2 * truth);
    await meter.close();
  });
});

describe('what cannot be recorded or sampled', () => {
  test('says why: options, channels that are not there, that cannot be read or that are too slow', async () => {
    const nvml = new FakeNvml(ONE_BOARD);
    const { roots } = new FakePerf([]).options();
    const meter = await Meter.open({ roots: { ...roots, nvml: nvml.path } });
    const wrong: [object, string][] = [
      [{}, 'id'],
      [{ id: 'package-7' }, 'package-7'],
      [{ id: 'board-0', durationMs: -1 }, 'durationMs'],
      [{ id: 'board-0', durationMs: 10_001 }, 'durationMs'],
      [{ id: 'board-0', rate: 5 }, 'rate'],
    ];
    for (const [options, name] of wrong) {
      await expect(meter.recordSteps(options as { id: string })).rejects.toMatchObject({
        code: 'invalid-argument',
        message: expect.stringContaining(name),
      });
    }
    await expect(meter.recordSteps({ id: 'board-0' })).rejects.toMatchObject({ code: 'not-supported' });
    const { unsupported } = meter.channels.find(({ id }) => id === 'package-0') as Channel;
    await expect(meter.recordSteps({ id: 'package-0' })).rejects.toMatchObject({ code: unsupported?.code });
    // What cannot be read at once is the latest that is known.
    const [read, sampled] = [new Float64Array(2), new Float64Array(2)];
    meter.read(read);
    meter.sample(sampled);
    expect(sampled).toEqual(read);
    expect(() => meter.sample(new Float64Array(1))).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    );
    await meter.close();
  });
});

describe('privileges', () => {
  const privileged = testIf(
    process.getuid?.() === 0 && refused === undefined && levelCanBeSet(),
    'needs root, and a perf_event_paranoid that it may set',
  );

  /** How a process with these capabilities sees the package. */
  function packageFor(drop: readonly string[]): Channel {
    const tree = new FakePerf();
    chmodSync(tree.folder, 0o755);
    const { raplInterface, roots } = tree.options();
    // The system's own /proc tells the level.
    const options = { sources: ['rapl'], raplInterface, roots: { sys: roots?.sys } };
    const program = `require(${JSON.stringify(join(root, 'dist/index.js'))}).Meter.open(${JSON.stringify(options)})
      .then(async (meter) => { console.log(JSON.stringify(meter.channels[0])); await meter.close(); })`;
    const list = drop.map((capability) => `-${capability}`).join(',');
    const { stdout, stderr } = spawnSync(
      'setpriv',
      [`--inh-caps=${list}`, `--bounding-set=${list}`, process.execPath, '--eval', program],
      { encoding: 'utf8' },
    );
    if (stdout === '') throw new Error(stderr);
    return JSON.parse(stdout) as Channel;
  }

  const PERFMON = ['perfmon', 'sys_admin'];

  privileged('without CAP_PERFMON the level decides, and the reason names it', async () => {
    await withPerfParanoid(2, () => {
      const { unsupported } = packageFor(PERFMON);
      expect(unsupported).toMatchObject({
        code: 'permission-denied',
        reason: expect.stringContaining('perf_event_paranoid is 2'),
        remedy: expect.stringMatching(/CAP_PERFMON|perf_event_paranoid/),
      });
    });
    await withPerfParanoid(0, () => expect(packageFor(PERFMON).unsupported).toBeUndefined());
  });

  privileged('with CAP_PERFMON alone it is read at any level', async () => {
    await withPerfParanoid(2, () => expect(packageFor(['sys_admin']).unsupported).toBeUndefined());
  });
});

function levelCanBeSet(): boolean {
  try {
    accessSync(PERF_PARANOID, constants.W_OK);
    return ['setpriv', 'flock'].every((tool) => spawnSync(tool, ['--version']).status === 0);
  } catch {
    return false;
  }
}
