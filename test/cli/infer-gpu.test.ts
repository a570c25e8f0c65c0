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
