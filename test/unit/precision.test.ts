// What is known of the precision that providers compute in, and the option tf32.
import { describe, expect, test } from 'vitest';
import { type Environment, precisionOf } from '../../src/precision.js';
import { applyTf32 } from '../../src/tf32.js';

const provider = (name: string, options: Record<string, string> = {}) => ({
  name,
  keys: Object.keys(options),
  values: Object.values(options),
  folders: [],
});
const plain: Environment = { tf32Override: null, tf32OverrideChanged: false };
const off: Environment = { tf32Override: '0', tf32OverrideChanged: false };
const changed: Environment = { tf32Override: '0', tf32OverrideChanged: true };
const none = { keys: [], values: [] };

function of(name: string, options: Record<string, string> = {}, environment = plain) {
  return precisionOf([provider(name, options)], none, environment)[name];
}

describe('the precision', () => {
  test("of the processor is the model's own", () => {
    const bf16 = process.arch === 'arm64' ? 'default' : 'not-applicable';
    expect(of('cpu')).toEqual({
      tf32: { allowed: false, from: 'not-applicable' },
      fp16: { allowed: false, from: 'not-applicable' },
      bf16: { allowed: false, from: bf16 },
      int8: { allowed: false, from: 'not-applicable' },
    });
  });

  test.each([
    [{}, plain, { allowed: true, from: 'default' }],
    [{ use_tf32: '0' }, plain, { allowed: false, from: 'option', detail: 'use_tf32=0' }],
    [{ use_tf32: 'True' }, plain, { allowed: true, from: 'option' }],
    // The variable stands above the option; any other value than 0 has no meaning.
    [{ use_tf32: '1' }, off, { allowed: false, from: 'environment', detail: 'NVIDIA_TF32_OVERRIDE=0' }],
    [{ use_tf32: '0' }, { ...plain, tf32Override: '1' }, { allowed: false, from: 'option' }],
    [{}, changed, { allowed: null, from: 'unknown' }],
  ])('of CUDA with %j in %j', (options, environment, tf32) => {
    const precision = of('cuda', options as Record<string, string>, environment);
    expect(precision?.tf32).toMatchObject(tf32);
    expect(precision?.fp16).toEqual({ allowed: false, from: 'not-applicable' });
  });

  test('of TensorRT by its options; TF32 by the environment alone', () => {
    expect(of('tensorrt', { trt_fp16_enable: '1' })).toMatchObject({
      tf32: { allowed: true, from: 'default' },
      fp16: { allowed: true, from: 'option', detail: 'trt_fp16_enable=1' },
      bf16: { allowed: false, from: 'default' },
      int8: { allowed: false, from: 'default' },
    });
    expect(of('tensorrt', {}, off)?.tf32).toMatchObject({ allowed: false, from: 'environment' });
  });

  test('of an engine that was kept is not known where the environment says nothing', () => {
    const kept = { trt_engine_cache_enable: '1' };
    expect(of('tensorrt', kept)?.tf32).toMatchObject({ allowed: null, from: 'unknown' });
    expect(of('tensorrt', { trt_engine_cache_enable: '0' })?.tf32.from).toBe('default');
  });

  test('of others is not known, and said so', () => {
    expect(of('WebGPU')?.fp16).toMatchObject({ allowed: null, from: 'unknown' });
    expect(of('nv-tensorrt-rtx')?.tf32).toMatchObject({ allowed: null, from: 'unknown' });
    expect(of('nv-tensorrt-rtx', {}, off)?.tf32).toMatchObject({ allowed: false, from: 'environment' });
  });
});

describe('tf32', () => {
  const cuda = [provider('cuda', { device_id: '1' }), provider('cpu')];

  test('not given changes nothing', () => {
    expect(applyTf32(cuda, undefined, off)).toEqual(cuda);
  });

  test.each([
    [true, '1'],
    [false, '0'],
  ])('%s sets the option of CUDA', (tf32, value) => {
    const set = [provider('cuda', { device_id: '1', use_tf32: value }), provider('cpu')];
    expect(applyTf32(cuda, tf32, plain)).toEqual(set);
  });

  test('stands in TensorRT and its plugin as asked for, or is refused with what to do', () => {
    const tensorrt = [provider('tensorrt'), provider('cuda')];
    expect(applyTf32(tensorrt, true, plain)[0]).toEqual(tensorrt[0]);
    expect(applyTf32(tensorrt, false, off)).toEqual([tensorrt[0], provider('cuda', { use_tf32: '0' })]);
    expect(applyTf32([provider('nv-tensorrt-rtx')], false, off)).toEqual([provider('nv-tensorrt-rtx')]);
    expect(() => applyTf32(tensorrt, false, plain)).toThrow(
      expect.objectContaining({
        code: 'not-supported',
        remedy: expect.stringContaining('Start the process with NVIDIA_TF32_OVERRIDE=0'),
      }),
    );
  });

  test.each([
    ['true under the variable', cuda, true, off, /NVIDIA_TF32_OVERRIDE=0 turns TF32 off/],
    ['with a variable that was changed', cuda, false, changed, /was changed after/],
    ['against the option', [provider('cuda', { use_tf32: '1' })], false, plain, /contradict/],
    ['true on the processor', [provider('cpu')], true, plain, /'cpu' has no TF32/],
    ['with a provider without it', [provider('nv-tensorrt-rtx')], false, plain, /has no option for it/],
    ['that is no boolean', cuda, 'off', plain, /tf32 must be true or false/],
  ] as const)('%s is refused', (_, providers, tf32, environment, text) => {
    expect(() => applyTf32(providers, tf32, environment)).toThrow(text);
  });

  test('false on the processor is true already', () => {
    expect(applyTf32([provider('cpu')], false, plain)).toEqual([provider('cpu')]);
  });
});
