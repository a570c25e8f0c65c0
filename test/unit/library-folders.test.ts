// Where libraries are looked for, on a machine made of files.
import { mkdirSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { cachedFolders } from '../../src/ld-cache.js';
import { libraryFolders, readLibraryFolders } from '../../src/library-folders.js';
import { GpuMachine } from '../helpers/fake-gpu.js';

class Machine extends GpuMachine {
  folder(name: string): string {
    mkdirSync(this.path(name), { recursive: true });
    return this.path(name);
  }
  folders(env: Record<string, string>, given: string[] = []): string[] {
    return libraryFolders(given, this.runtime, { env, root: this.root }).map(({ folder }) =>
      folder.slice(this.root.length),
    );
  }
}

/** As ldconfig writes it; `old`: with the table of before glibc 2.2 in front. */
function ldCache(entries: [name: string, path: string][], old = false): Buffer {
  const head = Buffer.alloc(48);
  head.write('glibc-ld.so.cache1.1', 'latin1');
  head.writeUInt32LE(entries.length, 20);
  const table = Buffer.alloc(24 * entries.length);
  let strings = Buffer.alloc(0);
  const add = (text: string) => {
    const at = head.length + table.length + strings.length;
    strings = Buffer.concat([strings, Buffer.from(`${text}\0`)]);
    return at;
  };
  entries.forEach(([name, path], i) => {
    table.writeUInt32LE(add(name), 24 * i + 4);
    table.writeUInt32LE(add(path), 24 * i + 8);
  });
  const front = old ? Buffer.from('ld.so-1.7.0\0\0\0\0\0') : Buffer.alloc(0);
  return Buffer.concat([front, head, table, strings]);
}

test('the order: given, ONNX Runtime, LD_LIBRARY_PATH, Python, CUDA, ldconfig, the system', () => {
  const machine = new Machine();
  const given = machine.folder('given');
  const ld = machine.folder('ld');
  machine.folder('venv/lib/python3.11/site-packages/nvidia/cu13/lib');
  machine.folder('usr/local/cuda/lib64');
  machine.folder('usr/lib64');
  machine.folder('opt/nvidia');
  machine.file('etc/ld.so.cache', ldCache([['libcudnn.so.9', '/opt/nvidia/libcudnn.so.9']]));
  const env = { LD_LIBRARY_PATH: `relative:${ld}:/nowhere`, VIRTUAL_ENV: machine.path('venv') };
  expect(machine.folders(env, [given])).toEqual([
    '/given',
    '/runtime',
    '/ld',
    '/venv/lib/python3.11/site-packages/nvidia/cu13/lib',
    '/usr/local/cuda/lib64',
    '/opt/nvidia',
    '/usr/lib64',
  ]);
});

test('nothing at all: the folder of ONNX Runtime', () => {
  expect(new Machine().folders({})).toEqual(['/runtime']);
});

test('CUDA: the chosen one first, then the newest; lib64 and targets', () => {
  const machine = new Machine();
  for (const folder of [
    'cuda-12.9/lib64',
    'cuda-13.1/targets/x86_64-linux/lib',
    'cuda-9.0/lib64',
    'cudaish/lib64',
  ])
    machine.folder(`usr/local/${folder}`);
  symlinkSync('cuda-12.9', machine.path('usr/local/cuda'));
  machine.folder('home/lib64');
  expect(machine.folders({ CUDA_HOME: machine.path('home') }).slice(1)).toEqual([
    '/home/lib64',
    '/usr/local/cuda/lib64',
    '/usr/local/cuda-13.1/targets/x86_64-linux/lib',
    '/usr/local/cuda-12.9/lib64',
    '/usr/local/cuda-9.0/lib64',
  ]);
});

describe('Python', () => {
  const SITE = 'lib/python3.12/site-packages';

  test('every environment that is in use, the activated ones first', () => {
    const machine = new Machine();
    for (const prefix of ['venv', 'conda', 'other', 'home/.local', 'usr/local'])
      machine.folder(`${prefix}/${SITE}/nvidia/cublas/lib`);
    const python = machine.file('elsewhere/python3.12', '', 0o755);
    mkdirSync(machine.path('other/bin'));
    symlinkSync(python, machine.path('other/bin/python3'));
    machine.file('early/python3', 'may not be run');
    const env = {
      VIRTUAL_ENV: machine.path('venv'),
      CONDA_PREFIX: machine.path('conda'),
      PATH: `relative:${machine.path('early')}:${machine.path('other/bin')}`,
      HOME: machine.path('home'),
    };
    expect(machine.folders(env).slice(1)).toEqual([
      ...['venv', 'conda', 'other', 'home/.local', 'usr/local'].map((p) => `/${p}/${SITE}/nvidia/cublas/lib`),
      '/conda/lib',
      '/usr/local/lib',
    ]);
  });

  test('all wheels of NVIDIA, TensorRT, the newest Python first, and packages of Debian', () => {
    const machine = new Machine();
    for (const folder of [
      'lib/python3.9/site-packages/nvidia/cudnn/lib',
      `${SITE}/nvidia/cu13/lib`,
      `${SITE}/nvidia/cudnn/lib`,
      `${SITE}/nvidia/headers/include`,
      `${SITE}/tensorrt_libs`,
      'lib/python3/dist-packages/tensorrt_libs',
    ])
      machine.folder(`venv/${folder}`);
    expect(machine.folders({ VIRTUAL_ENV: machine.path('venv') }).slice(1)).toEqual([
      `/venv/${SITE}/nvidia/cu13/lib`,
      `/venv/${SITE}/nvidia/cudnn/lib`,
      `/venv/${SITE}/tensorrt_libs`,
      '/venv/lib/python3.9/site-packages/nvidia/cudnn/lib',
      '/venv/lib/python3/dist-packages/tensorrt_libs',
    ]);
  });
});

describe("ldconfig's cache", () => {
  test("folders of NVIDIA's libraries, each once, in its order", () => {
    for (const old of [false, true]) {
      const cache = ldCache(
        [
          ['libz.so.1', '/usr/lib/libz.so.1'],
          ['libnvinfer.so.10', '/opt/trt/libnvinfer.so.10'],
          ['libcublas.so.13', '/opt/cuda/libcublas.so.13'],
          ['libcudart.so.13', '/opt/cuda/libcudart.so.13'],
        ],
        old,
      );
      expect(cachedFolders(cache)).toEqual(['/opt/trt', '/opt/cuda']);
    }
  });

  test('cut short anywhere, or something else, it gives what can be read', () => {
    const cache = ldCache([['libcublas.so.13', '/opt/cuda/libcublas.so.13']]);
    for (let size = 0; size < cache.length; size++) cachedFolders(cache.subarray(0, size));
    expect(cachedFolders(Buffer.from('no cache'))).toEqual([]);
    const lying = Buffer.from(cache);
    lying.writeUInt32LE(0xffffffff, 20);
    lying.writeUInt32LE(0xffffffff, 48 + 4);
    expect(cachedFolders(lying)).toEqual([]);
  });
});

test('the option: relative to the working directory; what is no list of folders is refused', () => {
  expect(readLibraryFolders(undefined)).toEqual([]);
  expect(readLibraryFolders(['src'])).toEqual([join(process.cwd(), 'src')]);
  const file = join(dirname(__dirname), 'tsconfig.json');
  for (const value of ['src', [1], [''], ['nowhere'], [file], { 0: 'src' }]) {
    expect(() => readLibraryFolders(value)).toThrow(expect.objectContaining({ code: 'invalid-argument' }));
  }
});
