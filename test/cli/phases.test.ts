// infer --phases as a user starts it, on the stand-in of a GPU.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root, run } from '../helpers/child.js';
import { GpuMachine } from '../helpers/fake-gpu.js';
import { FakeNvml } from '../helpers/fake-nvml.js';
import { unary } from '../helpers/onnx-model.js';

const CLI = join(root, 'dist/cli/main.js');
const BOARD =
  'device GPU-f0f1f2f3-f4f5-f6f7-f8f9-fafbfcfdfeff 00000000:A0:00.0 Fake H100\nlatency 50 100 50\nfollow-cpu 100 200\n';

function machine() {
  const made = new GpuMachine();
  made.put('cuda', 'libraries');
  made.put('cudnn', 'libraries');
  made.file('model.onnx', unary('Neg', 'float32', [2]));
  const infer = (ep: string, ...args: string[]) => {
    const nvml = new FakeNvml(BOARD, { origin: 'load' });
    const all = [CLI, 'infer', made.path('model.onnx'), '--ep', ep, '--nvml', nvml.path, ...args];
    const folders = ['--library-folder', made.path('libraries'), '--onnxruntime', made.runtime];
    return run(process.execPath, [...all, ...folders], made.root, made.environment());
  };
  return infer;
}

test('infer --phases tells time and energy of each phase, and whether they add up', () => {
  const infer = machine();
  const json = infer('cuda', '--phases', '--duration', '2s', '--seed', '3', '--json');
  expect(json.stderr).toBe('');
  const told = JSON.parse(json.stdout);
  expect(told).toMatchObject({
    notice: expect.stringContaining('SIMULATED'),
    provider: 'cuda',
    batch: 2,
    phases: { compute: { board: { id: 'board-0' }, latency: { unit: 'ms' } } },
    closure: { assumption: expect.any(String), time: { whole: { unit: 'ms' } } },
    plan: { seed: 3, segments: 20 },
  });
  for (const long of ['timeline', 'segments', 'outputs']) expect(told).not.toHaveProperty(long);
  expect(told.whole.latency).not.toHaveProperty('durations');

  const { stdout } = infer('cuda', '--phases', '--duration', '2s');
  for (const line of [
    'SIMULATED',
    'host to device',
    'compute',
    'device to host',
    'whole',
    'idle',
    'Supposed:',
  ]) {
    expect(stdout).toContain(line);
  }
});

test.each([
  ['on the processor', 1, ['cpu', '--phases'], 'no phases'],
  ['with an option of another measurement', 2, ['cuda', '--phases', '--repetitions', '3'], '--repetitions'],
  ['with sham windows', 2, ['cuda', '--phases', '--sham'], '--sham'],
  ['with a duration and no phases', 2, ['cuda', '--duration', '3s'], '--phases'],
  ['with too short a time', 2, ['cuda', '--phases', '--duration', '1s'], 'durationMs'],
])('infer is refused %s', (_, code, [ep, ...args], text) => {
  const refused = machine()(ep as string, ...args);
  expect(refused.stderr + refused.stdout).toContain(text);
  expect(refused.code).toBe(code);
});
