// What the study's ONNX Runtime worker says of its session: precision and engines as the library knows them.
import { readdirSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { unary } from '../../test/helpers/onnx-model.js';
import { WorkerMachine } from './helpers/gpu-worker.js';

const OFF = { NVIDIA_TF32_OVERRIDE: '0' };

describe('the precision that is recorded', () => {
  for (const provider of ['cuda', 'tensorrt'] as const) {
    test(`has TF32 on by default for ${provider}, and off where the environment turns it off`, async () => {
      const machine = new WorkerMachine();
      expect((await machine.load({ provider })).precision).toEqual({ tf32: true, fp16: false });
      expect(await machine.load({ provider }, OFF)).toMatchObject({
        precision: { tf32: false, fp16: false },
        options: { [`${provider}.tf32`]: 'off, environment: NVIDIA_TF32_OVERRIDE=0' },
      });
    });

    test(`is what the table asks of ${provider}`, async () => {
      const machine = new WorkerMachine();
      const off = await machine.load({ provider, precision: { tf32: false } });
      expect(off.precision).toEqual({ tf32: false, fp16: false });
      await expect(machine.load({ provider, precision: { tf32: true } }, OFF)).rejects.toThrow(
        /tf32: true cannot be had: NVIDIA_TF32_OVERRIDE=0/,
      );
    });
  }

  test('has the halves that TensorRT makes, whatever asked for them', async () => {
    const machine = new WorkerMachine();
    for (const asked of [{ precision: { fp16: true } }, { options: { trt_fp16_enable: true } }]) {
      const { precision, options } = await machine.load({ provider: 'tensorrt', ...asked });
      expect(precision).toEqual({ tf32: true, fp16: true });
      expect(options).toMatchObject({ 'tensorrt.bf16': 'off, default: trt_bf16_enable' });
    }
  });

  test('has no TF32 on the processor', async () => {
    const machine = new WorkerMachine();
    const { precision, engine } = await machine.load({ provider: 'cpu', precision: { tf32: false } });
    expect(precision).toEqual({ tf32: null, fp16: false });
    expect(engine).toBeUndefined();
  });
});

describe('an engine', () => {
  const request = { provider: 'tensorrt' } as const;

  test('is built in a phase of its own, kept, and then from the cache', async () => {
    const machine = new WorkerMachine();
    const engineCache = machine.path('engines');
    const first = await machine.load({ ...request, engineCache }, { MJ_FAKE_BUILD_MS: '200' });
    expect(first.engine).toEqual({ state: 'built', key: expect.stringMatching(/^[0-9a-f]{32}$/) });
    const [phase] = first.phases as [(typeof first.phases)[number]];
    expect(phase.name).toBe('engine-build');
    expect(BigInt(phase.endNs) - BigInt(phase.startNs)).toBeGreaterThan(200_000_000n);
    const second = await machine.load({ ...request, engineCache });
    expect(second.engine).toEqual({ state: 'cache', key: first.engine?.key, builtAt: expect.any(String) });
    expect(second.phases).toEqual([]);
    expect(readdirSync(engineCache)).toEqual([first.engine?.key]);
  });

  test('is built by each process without a cache', async () => {
    const machine = new WorkerMachine();
    for (let i = 0; i < 2; i += 1) {
      const { engine, phases } = await machine.load(request);
      expect(engine).toEqual({ state: 'built' });
      expect(phases.map(({ name }) => name)).toEqual(['engine-build']);
    }
  });

  test('of free shapes has no phase, and that of a cache of its own is not known', async () => {
    const machine = new WorkerMachine();
    writeFileSync(machine.model, unary('Neg', 'float32', ['n']));
    const dynamic = { MJ_FAKE_ENGINE: 'dynamic' };
    const pending = await machine.load({ ...request, engineCache: machine.path('engines') }, dynamic);
    expect([pending.engine?.state, pending.phases]).toEqual(['pending', []]);
    const own = await machine.load({ ...request, options: { trt_engine_cache_enable: true } });
    expect(own.engine).toEqual({ state: 'unknown', reason: expect.stringContaining('not looked into') });
    expect(own.phases).toEqual([]);
  });
});
