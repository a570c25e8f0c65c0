// A provider in a library of its own, registered with the real ONNX Runtime: a stand-in for TensorRT RTX.
import { describe, expect, test } from 'vitest';
import { TRIAL_MODEL } from '../../src/trial-model.js';
import { GpuMachine, type Product } from '../helpers/fake-gpu.js';

const NAME = 'nv-tensorrt-rtx';
const SITE = 'env/lib/python3.12/site-packages/onnxruntime_ep_nv_tensorrt_rtx';

/** A wheel of the plugin, in the environment of the python3 on the path. */
function installed(plugin: Product): { machine: GpuMachine; env: NodeJS.ProcessEnv } {
  const machine = new GpuMachine();
  machine.put(plugin, SITE);
  machine.put('tensorrt-rtx', SITE);
  machine.file('env/bin/python3', '', 0o755);
  return { machine, env: { PATH: machine.path('env/bin') } };
}

/** The last of these sessions runs the model of the trial, in one process. */
function runs(machine: GpuMachine, options: object[], env: NodeJS.ProcessEnv = {}): unknown {
  return machine.run(
    `(async () => {
       const sessions = [];
       for (const options of ${JSON.stringify(options)}) {
         sessions.push(await m.InferenceSession.create(Buffer.from('${TRIAL_MODEL}', 'base64'),
           { onnxruntime: ${JSON.stringify(machine.runtime)}, ...options }));
       }
       const session = sessions.at(-1);
       const { y } = await session.run({ x: new m.Tensor('float32', [1, 2, 3, 4], [2, 2]) });
       return { providers: session.providers, skipped: session.skippedProviders, y: [...y.data],
         device: session.device, nodes: session.placement.nodes };
     })().catch(({ code, message, remedy }) => ({ code, message, remedy }))
       .then((result) => console.log(JSON.stringify(result)));`,
    env,
  );
}

describe('the plugin', () => {
  test('that is not installed: probe and create name the package', () => {
    const machine = new GpuMachine();
    const missing = {
      missing: 'libonnxruntime_providers_nv_tensorrt_rtx.so',
      usable: false,
      code: 'provider-unavailable',
      remedy: expect.stringContaining('pip install onnxruntime-ep-nv-tensorrt-rtx-cu13'),
    };
    expect(machine.provider(NAME)).toMatchObject(missing);
    expect(machine.provider(NAME, { timing: false })).toMatchObject(missing);
    expect(runs(machine, [{ executionProviders: [NAME] }])).toMatchObject({
      code: 'provider-unavailable',
      message: expect.stringContaining('needs libonnxruntime_providers_nv_tensorrt_rtx.so'),
    });
  });

  test('that offers no device is not offered for this GPU', () => {
    const { machine, env } = installed('plugin-0');
    const refused = 'is not offered for this GPU: its library lists no device here.';
    expect(machine.provider(NAME, {}, env)).toMatchObject({
      usable: false,
      code: 'provider-unavailable',
      reason: expect.stringContaining(refused),
      remedy: expect.stringContaining('NVIDIA RTX GPU'),
      libraries: [{ name: 'libtensorrt_rtx.so.1', path: machine.path(`${SITE}/libtensorrt_rtx.so.1.7.1`) }],
    });
    expect(machine.provider(NAME, { timing: false }, env)).toMatchObject({ usable: null });
    // Registered once, however often it is asked for; the next provider takes its place.
    const falling = { executionProviders: [NAME, 'cpu'], fallback: true };
    expect(runs(machine, [falling, falling], env)).toMatchObject({
      providers: ['cpu'],
      skipped: [{ name: NAME, reason: expect.stringContaining(refused) }],
      y: [7, 10, 15, 22],
    });
  });

  test('that offers a device is appended with its options, session after session', () => {
    const { machine, env } = installed('plugin-1');
    const asked = { executionProviders: [{ name: NAME, deviceId: 0, nv_detailed_build_log: '1' }] };
    expect(runs(machine, [asked, asked], env)).toEqual({
      providers: [NAME],
      skipped: [],
      y: [7, 10, 15, 22],
      device: null,
      nodes: { cpu: 1 },
    });
    expect(runs(machine, [{ executionProviders: [{ name: NAME, deviceId: 1 }] }], env)).toMatchObject({
      code: 'provider-unavailable',
      message: expect.stringContaining('there is no number 1'),
    });
    // It takes no node of the trial's model, which probe does not call usable.
    expect(machine.provider(NAME, {}, env)).toMatchObject({
      usable: false,
      reason: expect.stringContaining('1 node fell to cpu'),
    });
  });

  test('that lacks what its package brings along', () => {
    const { machine, env } = installed('plugin-1');
    machine.remove(`${SITE}/libtensorrt_rtx.so.1.7.1`);
    expect(machine.provider(NAME, {}, env)).toMatchObject({
      usable: false,
      missing: 'libtensorrt_rtx.so.1',
      remedy: expect.stringContaining('pip install onnxruntime-ep-nv-tensorrt-rtx'),
    });
  });

  test('that is no plugin', () => {
    const machine = new GpuMachine();
    machine.put('tensorrt-rtx', 'opt');
    const from = machine.path('opt/libtensorrt_rtx.so.1.7.1');
    const folder = machine.copy(from, 'wrong/libonnxruntime_providers_nv_tensorrt_rtx.so');
    expect(machine.provider(NAME, { libraryFolders: [folder] })).toMatchObject({
      usable: false,
      code: 'provider-unavailable',
      reason: expect.stringContaining('cannot be registered'),
    });
  });
});
