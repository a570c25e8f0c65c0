// Precision of sessions on stand-ins for CUDA and TensorRT, in processes with an environment of their own.
import { describe, expect, test } from 'vitest';
import { InferenceSession } from '../../src/index.js';
import { TRIAL_MODEL } from '../../src/trial-model.js';
import { GpuMachine } from '../helpers/fake-gpu.js';

function complete(): { machine: GpuMachine; libraryFolders: string[] } {
  const machine = new GpuMachine();
  const products = ['cuda', 'cudnn', 'tensorrt'] as const;
  return { machine, libraryFolders: products.map((product) => machine.put(product, `opt/${product}`)) };
}

/** The session's precision, or its error, in a process with this environment. */
function precision(options: object, env: NodeJS.ProcessEnv = {}, before = ''): unknown {
  const { machine, libraryFolders } = complete();
  const all = { libraryFolders, onnxruntime: machine.runtime, ...options };
  return machine.run(
    `const create = (more) => m.InferenceSession.create(Buffer.from('${TRIAL_MODEL}', 'base64'), { ...${JSON.stringify(all)}, ...more });
     (async () => { ${before} return (await create()).precision; })()
       .catch(({ code, message, remedy }) => ({ code, message, remedy }))
       .then((result) => console.log(JSON.stringify(result)));`,
    env,
  );
}

describe('the precision of a session', () => {
  test('has each provider in use', () => {
    const executionProviders = [{ name: 'tensorrt', trt_fp16_enable: true }, 'cuda'];
    expect(precision({ executionProviders, tf32: true })).toMatchObject({
      tensorrt: { tf32: { allowed: true, from: 'default' }, fp16: { allowed: true, from: 'option' } },
      cuda: { tf32: { allowed: true, from: 'option', detail: 'use_tf32=1' } },
    });
  });

  test('is what the environment of the process says', () => {
    const env = { NVIDIA_TF32_OVERRIDE: '0' };
    const set = { allowed: false, from: 'environment' };
    expect(precision({ executionProviders: ['tensorrt', 'cuda'], tf32: false }, env)).toMatchObject({
      tensorrt: { tf32: set },
      cuda: { tf32: set },
    });
    expect(precision({ executionProviders: ['tensorrt'], tf32: false })).toMatchObject({
      code: 'not-supported',
      remedy: expect.stringContaining('NVIDIA_TF32_OVERRIDE=0'),
    });
  });

  test("is not known once the variable was changed behind the libraries' back", () => {
    const change = "await create(); process.env.NVIDIA_TF32_OVERRIDE = '0';";
    expect(precision({ executionProviders: ['cuda'] }, {}, change)).toMatchObject({
      cuda: { tf32: { allowed: null, from: 'unknown', detail: expect.stringContaining('was changed') } },
    });
  });

  test('on the processor, where tf32 does not apply', async () => {
    const session = await InferenceSession.create(Buffer.from(TRIAL_MODEL, 'base64'), { tf32: false });
    expect(session.precision).toMatchObject({ cpu: { tf32: { allowed: false, from: 'not-applicable' } } });
    await session.release();
    await expect(
      InferenceSession.create(Buffer.from(TRIAL_MODEL, 'base64'), { tf32: true }),
    ).rejects.toMatchObject({ code: 'not-supported' });
  });
});
