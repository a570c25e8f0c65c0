// Providers as probe() sees them, on stand-ins: found, lacking something, of another release, and fatal to whoever loads them.
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { TRIAL_MODEL } from '../../src/trial-model.js';
import { mustRun, root } from '../helpers/child.js';
import { GpuMachine, type Product } from '../helpers/fake-gpu.js';
import { model } from '../helpers/onnx-model.js';

/** A machine whose libraries lie in folders of their own that nobody knows of. */
function complete(): { machine: GpuMachine; libraryFolders: string[] } {
  const machine = new GpuMachine();
  const products = ['cuda', 'cudnn', 'tensorrt'] as const;
  return { machine, libraryFolders: products.map((product) => machine.put(product, `opt/${product}`)) };
}

test('the model of the trial is y = x · x', () => {
  const made = model({
    nodes: [{ op: 'MatMul', inputs: ['x', 'x'], outputs: ['y'] }],
    inputs: [{ name: 'x', type: 'float32', shape: [2, 2] }],
    outputs: [{ name: 'y', type: 'float32', shape: [2, 2] }],
    opset: 13,
  });
  expect(TRIAL_MODEL).toBe(Buffer.from(made).toString('base64'));
});

describe('what is there', () => {
  test('in configured folders is loaded by its path: both providers are usable, and a session too', () => {
    const { machine, libraryFolders } = complete();
    const { providers } = machine.probe({ libraryFolders });
    for (const name of ['cpu', 'cuda', 'tensorrt']) {
      expect(providers.find((one) => one.name === name)).toMatchObject({ usable: true });
    }
    const { libraries } = machine.provider('tensorrt', { libraryFolders, timing: false });
    expect(libraries.map(({ path }) => path)).toEqual(
      [
        'cuda/libcublasLt.so.13',
        'cuda/libcublas.so.13',
        'tensorrt/libnvinfer.so.10',
        'cudnn/libcudnn.so.9',
      ].map((file) => machine.path(`opt/${file}`)),
    );
    const options = {
      executionProviders: ['tensorrt', 'cuda'],
      libraryFolders,
      onnxruntime: machine.runtime,
    };
    expect(
      machine.run(
        `m.InferenceSession.create(Buffer.from('${TRIAL_MODEL}', 'base64'), ${JSON.stringify(options)})
          .then((session) => console.log(JSON.stringify(session.providers)));`,
      ),
    ).toEqual(['tensorrt', 'cuda']);
  });

  test('is found beside ONNX Runtime', () => {
    const machine = new GpuMachine();
    for (const product of ['cuda', 'cudnn'] as const) machine.put(product, 'runtime');
    expect(machine.provider('cuda')).toMatchObject({ usable: true });
  });

  test('is found in the wheels of the python3 on the path, which is not run', () => {
    const machine = new GpuMachine();
    const site = 'env/lib/python3.12/site-packages';
    machine.put('cuda', `${site}/nvidia/cu13/lib`);
    machine.put('cudnn', `${site}/nvidia/cudnn/lib`);
    machine.put('tensorrt', `${site}/tensorrt_libs`);
    machine.file('env/bin/python3', `#!/bin/sh\ntouch ${machine.path('was-run')}\n`, 0o755);
    const { providers, libraryFolders } = machine.probe({}, { PATH: machine.path('env/bin') });
    expect(providers.filter(({ usable }) => usable).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['cuda', 'tensorrt']),
    );
    expect(libraryFolders).toContainEqual({
      folder: machine.path(`${site}/nvidia/cudnn/lib`),
      source: 'python',
    });
    expect(() => machine.remove('was-run')).toThrow('ENOENT');
  });

  test('is found in LD_LIBRARY_PATH as it is when the provider is asked for', () => {
    const { machine, libraryFolders } = complete();
    const path = JSON.stringify(libraryFolders.join(':'));
    const options = JSON.stringify({ onnxruntime: machine.runtime, timing: false });
    const providers = machine.run<{ name: string; usable: boolean | null }[]>(
      `process.env.LD_LIBRARY_PATH = ${path};
       m.probe(${options}).then((report) => console.log(JSON.stringify(report.onnxruntime.providers)));`,
    );
    expect(providers).toContainEqual(expect.objectContaining({ name: 'tensorrt', usable: null }));
  });

  test('is not tried with timing: false', () => {
    const { machine, libraryFolders } = complete();
    const env = { MJ_FAKE_PROVIDER: 'abort' };
    expect(machine.provider('cuda', { libraryFolders, timing: false }, env)).toMatchObject({
      usable: null,
      reason: expect.stringContaining('not tried'),
    });
  });

  test('is told by the command, with the folders', () => {
    const { machine, libraryFolders } = complete();
    const flags = libraryFolders.flatMap((folder) => ['--library-folder', folder]);
    const args = ['probe', '--onnxruntime', machine.runtime, '--nvml', machine.path('absent.so'), ...flags];
    const text = mustRun(
      process.execPath,
      [join(root, 'dist/cli/main.js'), ...args],
      machine.root,
      machine.environment(),
    );
    expect(text).toMatch(new RegExp(`cuda +usable +with libraries of ${machine.path('opt/cuda')}`));
  });
});

describe('what is missing', () => {
  test('is named with the packages that ship it', () => {
    const { machine, libraryFolders } = complete();
    machine.remove('opt/cudnn/libcudnn.so.9');
    expect(machine.provider('cuda', { libraryFolders })).toMatchObject({
      usable: false,
      code: 'provider-unavailable',
      missing: 'libcudnn.so.9',
      remedy: expect.stringContaining("pip install 'nvidia-cudnn-cu13==9.*'"),
    });
    machine.remove('runtime/libonnxruntime_providers_cuda.so');
    expect(machine.provider('cuda', { libraryFolders })).toMatchObject({
      missing: 'libonnxruntime_providers_cuda.so',
    });
  });

  test('is what a library that was found asks for', () => {
    const { machine, libraryFolders } = complete();
    machine.remove('opt/cuda/libcublasLt.so.13');
    expect(machine.provider('cuda', { libraryFolders })).toMatchObject({
      usable: false,
      missing: 'libcublasLt.so.13',
      reason: expect.stringContaining('libcublas.so.13 asks for it'),
    });
  });

  test('is an error of the session too, with the same words', () => {
    const machine = new GpuMachine();
    const options = { executionProviders: ['cuda'], onnxruntime: machine.runtime };
    const error = machine.run<{ code: string; message: string }>(
      `m.InferenceSession.create(Buffer.from('${TRIAL_MODEL}', 'base64'), ${JSON.stringify(options)})
        .catch(({ code, message }) => console.log(JSON.stringify({ code, message })));`,
    );
    expect(error.code).toBe('provider-unavailable');
    expect(error.message).toBe((machine.provider('cuda') as { reason: string }).reason);
  });

  test('is a driver', () => {
    const { machine, libraryFolders } = complete();
    expect(machine.provider('cuda', { libraryFolders }, { LD_LIBRARY_PATH: '' })).toMatchObject({
      usable: false,
      reason: expect.stringContaining('The CUDA driver cannot be loaded'),
    });
  });
});

describe('what is of another version', () => {
  test('cuDNN that was built for another CUDA', () => {
    const { machine, libraryFolders } = complete();
    machine.put('cudnn-cuda12', 'opt/cudnn');
    expect(machine.provider('cuda', { libraryFolders })).toMatchObject({
      usable: false,
      reason: expect.stringMatching(
        /libcudnn\.so\.9 built for CUDA 13; .*opt\/cudnn\/libcudnn\.so\.9 is built for CUDA 12/,
      ),
    });
  });

  test('cuDNN 8, where there is no other', () => {
    const { machine, libraryFolders } = complete();
    machine.copy(machine.path('opt/cudnn/libcudnn.so.9'), 'opt/cudnn/libcudnn.so.8');
    machine.remove('opt/cudnn/libcudnn.so.9');
    expect(machine.provider('cuda', { libraryFolders })).toMatchObject({
      missing: 'libcudnn.so.9',
      reason: expect.stringMatching(/Found libcudnn\.so\.8 in .*: of another major version\./),
    });
  });

  test('a provider for CUDA 12 takes CUDA 12, and cuDNN for it', () => {
    const machine = new GpuMachine();
    machine.put('providers-12', 'runtime');
    const folders = (...products: Product[]) => products.map((one) => machine.put(one, `opt/${one}`));
    // With the parts, which are alike.
    machine.put('cudnn', 'opt/cudnn-cuda12');
    const right = folders('cuda', 'cuda-12', 'cudnn-cuda12');
    expect(machine.provider('cuda', { libraryFolders: right })).toMatchObject({ usable: true });
    const libraryFolders = folders('cuda-12', 'cudnn');
    expect(machine.provider('cuda', { libraryFolders })).toMatchObject({
      usable: false,
      reason: expect.stringMatching(/libcudnn\.so\.9 built for CUDA 12; .* is built for CUDA 13\./),
      remedy: expect.stringContaining("'nvidia-cudnn-cu12==9.*'"),
    });
    expect(machine.provider('cuda', { libraryFolders: folders('cuda', 'cudnn-cuda12') })).toMatchObject({
      missing: 'libcublas.so.12',
      reason: expect.stringContaining('Found libcublas.so.13'),
      remedy: expect.stringContaining("'nvidia-cublas-cu12==12.*'"),
    });
  });

  test('TensorRT that says that it is another one', () => {
    const { machine, libraryFolders } = complete();
    expect(machine.provider('tensorrt', { libraryFolders }, { MJ_FAKE_TENSORRT: '110000' })).toMatchObject({
      usable: false,
      reason: expect.stringMatching(/libnvinfer\.so\.10 built as version 10; .* is built as version 11\./),
      remedy: expect.stringContaining("'tensorrt-cu13==10.*'"),
    });
  });

  test('a provider library of another ONNX Runtime', () => {
    const { machine, libraryFolders } = complete();
    machine.put('other-release', 'runtime');
    expect(machine.provider('cuda', { libraryFolders })).toMatchObject({
      usable: false,
      reason: expect.stringContaining('is of another release'),
    });
  });
});

describe('the process of the trial', () => {
  const fate = (value: string, trialTimeoutMs = 60_000) => {
    const { machine, libraryFolders } = complete();
    return machine.provider('cuda', { libraryFolders, trialTimeoutMs }, { MJ_FAKE_PROVIDER: value });
  };

  test('dies by a signal: told with the last line that it wrote, and probe goes on', () => {
    expect(fate('abort')).toMatchObject({
      usable: false,
      code: 'provider-unavailable',
      reason: expect.stringMatching(/ended with SIGABRT without an answer.*loading the provider: abort$/),
      remedy: expect.stringContaining('of its release'),
    });
  });

  test('ends without an answer', () => {
    expect(fate('exit')).toMatchObject({ reason: expect.stringContaining('ended with exit code 7') });
  });

  test('hangs: it is killed after the time that it is given', () => {
    expect(fate('hang', 5000)).toMatchObject({
      usable: false,
      code: 'timeout',
      reason: expect.stringMatching(/did not end within 5 s\./),
    });
  });

  test('is started without the options that were meant for this one', () => {
    const { machine, libraryFolders } = complete();
    const env = { NODE_OPTIONS: '--trace-warnings', MJ_FAKE_PROVIDER: 'loudly' };
    expect(machine.provider('cuda', { libraryFolders }, env)).toMatchObject({ usable: true });
  });
});

test('options that cannot be meant are refused', () => {
  const machine = new GpuMachine();
  for (const libraryFolders of [[machine.path('nowhere')], ['']]) {
    const message = machine.run<string>(
      `m.probe(${JSON.stringify({ libraryFolders })}).catch((error) => console.log(JSON.stringify(error.message)));`,
    );
    expect(message).toContain('libraryFolders: there is no folder');
  }
});
