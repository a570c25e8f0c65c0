// infer with TensorRT as a user starts it, on stand-ins: what it says of engines, of their cost, and of when they are paid.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { buildText, RecentPower } from '../../src/cli/progress.js';
import type { Channel } from '../../src/index.js';
import { root, run } from '../helpers/child.js';
import { GpuMachine } from '../helpers/fake-gpu.js';
import { FakeNvml } from '../helpers/fake-nvml.js';
import { unary } from '../helpers/onnx-model.js';

/** The board of CUDA's ordinal 0 (native/test/fakes/cuda). */
const BOARD =
  'device GPU-f0f1f2f3-f4f5-f6f7-f8f9-fafbfcfdfeff 00000000:A0:00.0 Fake H100\nbase 100\ncounter 20 7 0\n';

function machine() {
  const gpu = new GpuMachine();
  const model = gpu.file('model.onnx', unary('Neg', 'float32', [2]));
  const folders = (['cuda', 'cudnn', 'tensorrt'] as const).flatMap((one) => [
    '--library-folder',
    gpu.put(one, `opt/${one}`),
  ]);
  const nvml = new FakeNvml(BOARD, { origin: 'load' }).path;
  const quick = ['--min-duration', '400ms', '--warmup', '1', '--idle', '200ms'];
  const common = ['--ep', 'tensorrt', '--onnxruntime', gpu.runtime, '--nvml', nvml, ...folders, ...quick];
  const infer = (more: string[], env: NodeJS.ProcessEnv = {}) =>
    run(process.execPath, [join(root, 'dist/cli/main.js'), 'infer', model, ...common, ...more], gpu.root, {
      ...gpu.environment({ XDG_CACHE_HOME: gpu.path('cache'), MJ_FAKE_BUILD_MS: '600', ...env }),
    });
  return { gpu, infer };
}

test('the build is measured, kept by default, and its cost is told again with the engine from the cache', () => {
  const { gpu, infer } = machine();
  const first = infer(['--json']);
  expect([first.code, first.stderr]).toEqual([0, '']);
  const built = JSON.parse(first.stdout);
  const folder = join(gpu.path('cache'), 'microjoule/engines', built.engine.key);
  expect(built.engine).toMatchObject({
    state: 'built',
    kept: true,
    folder,
    creation: { start: expect.stringMatching(/^\d+$/) },
  });
  expect(built.build).toMatchObject({
    source: 'measured',
    stage: 'creation',
    board: 'board-0',
    simulated: true,
  });
  expect(built.build.durationMs).toBeGreaterThanOrEqual(600);
  const { gross } = built.build.scopes['board-0'];
  expect(gross).toMatchObject({ kind: 'window', status: 'ok', unit: 'J' });
  // 100 W all the time.
  expect(Math.abs(gross.value - 0.1 * built.build.durationMs)).toBeLessThan(gross.uncertainty + 0.5);
  expect(built.build.scopes['board-0']).toSatisfy((one: object) => 'net' in one || 'netReason' in one);

  const second = infer(['--json']);
  const cached = JSON.parse(second.stdout);
  expect(cached.engine).toMatchObject({ state: 'cache', key: built.engine.key });
  expect(cached.build).toMatchObject({ source: 'recorded', durationMs: built.build.durationMs });
  expect(cached.build.scopes['board-0'].gross.value).toBe(gross.value);
  const { stdout } = infer([]);
  expect(stdout).toMatch(/engine +from cache, opened in \d+\.\d s: 0\.0 MB in /);
  expect(stdout).toMatch(/when it was built, \d{4}-.*: making the session took \d+\.\d s/);
  expect(stdout).toContain('board-0, idle included');
});

test('--engine-cache names a folder or turns it off; a cache of the user’s own does too', () => {
  const { gpu, infer } = machine();
  expect(infer(['--engine-cache', gpu.path('mine')]).stdout).toContain(`kept in ${gpu.path('mine')}`);
  const off = infer(['--engine-cache', 'off']);
  expect(off.stdout).toMatch(/engine +built\n/);
  const own = infer(['--provider-option', `trt_engine_cache_path=${gpu.path('own')}`]);
  expect(own.stdout).toMatch(/engine +unknown: /);
  expect(existsSync(gpu.path('cache/microjoule'))).toBe(false);
  // Nobody asked for the default: without a place to write to it is done without.
  const nowhere = infer([], { XDG_CACHE_HOME: gpu.file('file') });
  expect(nowhere).toMatchObject({ code: 0, stderr: expect.stringContaining('done without') });
  expect(infer(['--engine-cache', join(gpu.file('file'), 'x')])).toMatchObject({ code: 1 });
});

test('--against measures another provider too, and says when the build is paid', () => {
  const { infer } = machine();
  const { code, stdout, stderr } = infer(['--against', 'cuda', '--json']);
  expect([code, stderr]).toEqual([0, '']);
  const report = JSON.parse(stdout);
  expect(report.against).toMatchObject({ provider: 'cuda', latency: { unit: 'ms' } });
  expect(report.breakEven).toMatchObject({ scope: 'board-0' });
  expect(report.breakEven.sentence).toMatch(/^Against cuda, the \d+\.\d s .* in energy .*; in time /);
  expect(infer(['--against', 'tensorrt'])).toMatchObject({ code: 2 });
});

test('the line of progress has the seconds and the power since a second ago', () => {
  expect(buildText('resnet50', 12.4, undefined)).toMatch(/: 12 s$/);
  expect(buildText('resnet50', 12.4, 301.6)).toMatch(/12 s, board at 302 W$/);
  let joules = 5;
  const channels = [
    { scope: 'cpu-package' },
    { scope: 'board' },
    { scope: 'board', unsupported: {} },
  ] as Channel[];
  const read = (out: Float64Array) => out.set([1e9, joules, Number.NaN]);
  const power = new RecentPower({ channels, read });
  expect(power.watts(0n)).toBeUndefined();
  joules += 50;
  expect(power.watts(500_000_000n)).toBeCloseTo(100);
  for (let i = 2; i < 8; ++i) {
    joules += 150;
    expect(power.watts(BigInt(i) * 500_000_000n)).toBeGreaterThan(100);
  }
  joules += 150;
  expect(power.watts(4_000_000_000n)).toBeCloseTo(300);
  expect(new RecentPower({ channels: [], read }).watts(1n)).toBeUndefined();
});
