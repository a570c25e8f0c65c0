// infer on stand-ins for the GPU's providers: the flags reach the session, and the report says how it ran.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { root, run } from '../helpers/child.js';
import { GpuMachine } from '../helpers/fake-gpu.js';
import { FakeNvml, ONE_BOARD } from '../helpers/fake-nvml.js';
import { unary } from '../helpers/onnx-model.js';

function infer(args: string[], env: NodeJS.ProcessEnv = {}) {
  const machine = new GpuMachine();
  const products = ['cuda', 'cudnn', 'tensorrt'] as const;
  const folders = products.flatMap((product) => ['--library-folder', machine.put(product, `opt/${product}`)]);
  const model = machine.file('model.onnx');
  writeFileSync(model, unary('Neg', 'float32', ['batch', 2]));
  const fake = new FakeNvml(ONE_BOARD, { origin: 'load' });
  const fixed = ['--repetitions', '3', '--warmup', '1', '--idle', '0s', '--nvml', fake.path];
  return run(
    process.execPath,
    [
      join(root, 'dist/cli/main.js'),
      'infer',
      model,
      '--onnxruntime',
      machine.runtime,
      ...folders,
      ...fixed,
      ...args,
    ],
    machine.root,
    machine.environment(env),
  );
}

describe('microjoule infer on a GPU', () => {
  test('says the precision with how it is known, and the nodes', () => {
    const { code, stdout, stderr } = infer(['--ep', 'cuda', '--tf32', 'off', '--strict']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^nodes +1 on cuda/m);
    expect(stdout).toMatch(/^precision +cuda TF32 off \(option use_tf32=0\)$/m);
    const args = ['--ep', 'tensorrt', '--provider-option', 'trt_fp16_enable=1', '--json'];
    const { stdout: json } = infer(args, { NVIDIA_TF32_OVERRIDE: '0' });
    expect(JSON.parse(json)).toMatchObject({
      provider: 'tensorrt',
      precision: {
        tensorrt: {
          tf32: { allowed: false, from: 'environment', detail: 'NVIDIA_TF32_OVERRIDE=0' },
          fp16: { allowed: true, from: 'option', detail: 'trt_fp16_enable=1' },
          int8: { allowed: false, from: 'default' },
        },
      },
    });
  });

  test('refuses what TensorRT takes from the environment alone', () => {
    const { code, stderr } = infer(['--ep', 'tensorrt', '--tf32', 'off']);
    expect(code).toBe(1);
    expect(stderr).toContain('Start the process with NVIDIA_TF32_OVERRIDE=0');
  });

  test('with a graph fixes the free dimensions, and runs in the memory of the GPU', () => {
    const { code, stdout, stderr } = infer(['--ep', 'cuda', '--graph', '--batch', '4', '--json']);
    expect(stderr).toBe('');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ graph: true, dataPath: 'device', batch: 4 });
  });
});

describe('on a machine with two GPUs', () => {
  const FIRST = 'GPU-f0f1f2f3-f4f5-f6f7-f8f9-fafbfcfdfeff';
  const SECOND = 'GPU-f1f2f3f4-f5f6-f7f8-f9fa-fbfcfdfeff00';
  const nvml = () =>
    new FakeNvml(
      `device ${SECOND} 00000000:A1:00.0 Fake H100\nbase 100\ndevice ${FIRST} 00000000:A0:00.0 Fake H100\nbase 300\n`,
      { origin: 'load' },
    ).path;

  test('--gpu N is the device that CUDA counts as N, and the report names its board', () => {
    const { stdout, stderr } = infer(['--ep', 'cuda', '--gpu', '1', '--nvml', nvml()]);
    expect(stderr).toBe('');
    expect(stdout).toMatch(new RegExp(`^board +board-0, ${SECOND}$`, 'm'));
    const first = infer(['--ep', 'cuda', '--nvml', nvml()]);
    expect(first.stdout).toMatch(new RegExp(`^board +board-1, ${FIRST}$`, 'm'));
    // CUDA's order is not NVML's.
    const permuted = infer(['--ep', 'cuda', '--gpu', '1', '--nvml', nvml()], { CUDA_VISIBLE_DEVICES: '1,0' });
    expect(permuted.stdout).toMatch(new RegExp(`^board +board-1, ${FIRST}$`, 'm'));
  });

  test.each([['--gpu=1'], ['--provider-option=device_id=1']])('%s is meant for --against too', (option) => {
    const args = ['--ep', 'tensorrt', option, '--engine-cache', 'off', '--against', 'cuda', '--json'];
    const { stdout, stderr } = infer([...args, '--nvml', nvml()]);
    expect(stderr).toBe('');
    const told = JSON.parse(stdout);
    expect([told.energy.board.id, told.against.energy.board.id]).toEqual(['board-0', 'board-0']);
  });

  test('is for providers of GPUs, and said once', () => {
    expect(infer(['--gpu', '1'])).toMatchObject({ code: 2, stderr: expect.stringContaining('--gpu') });
    const twice = infer(['--ep', 'cuda', '--gpu', '1', '--provider-option', 'device_id=0']);
    expect(twice).toMatchObject({ code: 2, stderr: expect.stringContaining('device_id') });
  });
});
