// What one inference on the CPU costs by the processor's own counters.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import {
  InferenceSession,
  type Measurement,
  type MeasureOptions,
  type Meter,
  Tensor,
} from '../../src/index.js';
import { root, run } from '../helpers/child.js';
import { expectToHold } from '../helpers/expect-to-hold.js';
import { FakeRapl, SANDY_BRIDGE_X } from '../helpers/fake-rapl.js';
import { chain } from '../helpers/onnx-model.js';
import { withMeter } from '../helpers/with-meter.js';

const SIZE = 64;
const model = chain(SIZE, 20);
const WATTS = { 'package-0': 40, 'dram-0': 5 };

const machine = () =>
  new FakeRapl(SANDY_BRIDGE_X)
    .zone('intel-rapl:0', 'package-0', WATTS['package-0'])
    .zone('intel-rapl:0:0', 'dram', WATTS['dram-0']);

async function measured(meter: Meter, options: MeasureOptions<Meter>): Promise<Measurement> {
  const session = await InferenceSession.create(model);
  try {
    const x = new Tensor('float32', new Float32Array(SIZE * SIZE), [SIZE, SIZE]);
    return await session.measure({ x }, { meter, warmup: 1, ...options });
  } finally {
    await session.release();
  }
}

function expectShared(measurement: Measurement, id: string): void {
  const energy = measurement.energy.scopes[id];
  if (energy?.status !== 'ok' && energy?.status !== 'below-resolution')
    throw new Error(JSON.stringify(energy));
  const { value, uncertainty, perInference } = energy;
  expect(perInference).toMatchObject({ unit: 'J' });
  expect(perInference?.value).toBeCloseTo(value / measurement.repetitions, 12);
  expect(perInference?.uncertainty).toBeCloseTo(uncertainty / measurement.repetitions, 12);
}

describe('session.measure on the CPU', () => {
  test('without quiet time: the energy of a run in each scope, and of both together', async () => {
    const fake = await machine().play();
    await withMeter(fake, async (meter) => {
      const measurement = await measured(meter, { minDurationMs: 400, idle: false });
      const { energy } = measurement;
      expect(energy.kind).toBe('window');
      for (const [id, watts] of Object.entries(WATTS)) {
        expectToHold(energy.scopes[id], watts, energy, fake);
        if (!fake.stalled) expectShared(measurement, id);
      }
      expect(energy.total?.of).toEqual(['package-0', 'dram-0']);
      if (!fake.stalled) expect(energy.total).toHaveProperty('perInference.unit', 'J');
      expect(energy.board).toBeUndefined();
    });
  });

  test('with quiet time: above the idle power, which is told with what the whole took', async () => {
    const fake = await machine().play();
    await withMeter(fake, async (meter) => {
      const measurement = await measured(meter, {
        minDurationMs: 400,
        idle: { beforeMs: 300, afterMs: 300 },
      });
      const { energy } = measurement;
      const figure = energy.scopes['package-0'];
      expect(figure?.kind).toBe('caused');
      if (fake.stalled) return;
      expectShared(measurement, 'package-0');
      // The fake takes as much at rest: what was caused is nothing, and its interval holds that.
      expect(figure?.status).toBe('below-resolution');
      expectToHold(figure, 0, energy, fake);
      const { level } = energy.idle['package-0'] ?? {};
      expect(Math.abs((level?.value ?? 0) - 40)).toBeLessThan(4);
      expect(figure?.gross?.value).toBeGreaterThan(0);
    });
  });

  test('a counter that starts again within the runs is suspect; where there is none each figure says why', async () => {
    const fake = await machine().play();
    await withMeter(fake, async (meter) => {
      setTimeout(() => fake.reset(0), 200);
      const { energy } = await measured(meter, { minDurationMs: 500, idle: false });
      expect(energy.scopes['package-0']).toMatchObject({
        status: 'suspect',
        cause: expect.stringMatching(/^counter-(reset|backwards)$/),
      });
    });
    await withMeter(new FakeRapl(SANDY_BRIDGE_X), async (meter) => {
      const { energy } = await measured(meter, { repetitions: 3, idle: false });
      const figure = energy.scopes['package-0'];
      expect(figure).toMatchObject({ status: 'unsupported', reason: expect.stringMatching(/\.$/) });
      expect(figure).not.toHaveProperty('perInference');
      expect(energy.total).toBeUndefined();
    });
  });
});

test('microjoule infer: the same from the command line', async () => {
  const fake = await machine().play();
  const folder = mkdtempSync(join(tmpdir(), 'mj-rapl-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'model.onnx');
  writeFileSync(file, model);
  const { sys, proc, msr } = fake.options().roots ?? {};
  const roots = Object.entries({ sys, proc, msr }).flatMap(([name, path]) => ['--root', `${name}=${path}`]);
  const args = ['infer', file, '--min-duration', '400ms', '--idle', '0s', ...roots];
  const json = run(process.execPath, [join(root, 'dist/cli/main.js'), ...args, '--json'], folder);
  expect(json).toMatchObject({ code: 0, stderr: '' });
  const report = JSON.parse(json.stdout);
  expect(report.provider).toBe('cpu');
  if (fake.stalled) return;
  for (const id of Object.keys(WATTS)) {
    const { value, perInference, unit } = report.energy.scopes[id];
    expect(unit).toBe('J');
    expect(perInference.value).toBeCloseTo(value / report.repetitions, 12);
  }
  const text = run(process.execPath, [join(root, 'dist/cli/main.js'), ...args], folder);
  expect(text.stdout).toContain('package-0');
  // Asked for, an interface that is not there is none that another stands in for.
  const through = (name: string) =>
    run(
      process.execPath,
      [join(root, 'dist/cli/main.js'), ...args, '--json', '--rapl-interface', name],
      folder,
    );
  expect(JSON.parse(through('powercap').stdout).energy.scopes['package-0'].method).toMatch(/^powercap:/);
  expect(JSON.parse(through('msr').stdout).energy.scopes['package-0'].status).toBe('unsupported');
  expect(through('door')).toMatchObject({ code: 2, stderr: expect.stringContaining("called 'door'") });
});
