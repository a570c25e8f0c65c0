// Trees of stand-ins for CUDA, cuDNN, TensorRT and ONNX Runtime's GPU providers (native/test/fakes/gpu).
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import type { ProbeOptions, ProviderProbe, RuntimeProbe } from '../../src/index.js';
import { mustRun, root } from './child.js';

const FAKES = join(root, 'build-test/native/test/fakes');

export type Product =
  | 'cuda'
  | 'cuda-12'
  | 'cudnn'
  | 'cudnn-cuda12'
  | 'tensorrt'
  | 'tensorrt-rtx'
  | 'plugin-0'
  | 'plugin-1'
  | 'providers'
  | 'providers-12'
  | 'other-release'
  | 'runtime';

export class GpuMachine {
  readonly root = realpathSync(mkdtempSync(join(tmpdir(), 'mj-gpu-')));
  /** Folder of the fake ONNX Runtime with its providers. */
  readonly runtime: string;

  constructor() {
    afterAll(() => rmSync(this.root, { recursive: true, force: true }));
    this.runtime = this.put('runtime', 'runtime');
    this.put('providers', 'runtime');
    this.file('runtime/libonnxruntime_providers_shared.so');
    cpSync(
      join(FAKES, 'gpu/cuda/libcublasLt.so.13'),
      join(this.runtime, 'libonnxruntime_providers_shared.so'),
    );
  }

  path(name: string): string {
    return join(this.root, name);
  }

  /** Copies the libraries of a product into a folder of this machine. */
  put(product: Product, folder: string): string {
    const target = this.path(folder);
    mkdirSync(target, { recursive: true });
    cpSync(join(FAKES, 'gpu', product), target, { recursive: true });
    return target;
  }

  /** Copies a file to this machine; gives the folder that it is then in. */
  copy(from: string, name: string): string {
    const path = this.path(name);
    mkdirSync(dirname(path), { recursive: true });
    cpSync(from, path);
    return dirname(path);
  }

  remove(name: string): void {
    rmSync(this.path(name), { recursive: true });
  }

  file(name: string, content: string | Uint8Array = '', mode = 0o644): string {
    const path = this.path(name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content, { mode });
    return path;
  }

  /** Nothing of the machine that the tests run on; the driver alone is where the loader finds it. */
  environment(more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv {
    const nothing = { VIRTUAL_ENV: '', CONDA_PREFIX: '', CUDA_HOME: '', CUDA_PATH: '' };
    return { ...nothing, PATH: '/nowhere', HOME: this.root, LD_LIBRARY_PATH: join(FAKES, 'cuda'), ...more };
  }

  /** Runs a program that has the library as `m`, and gives what it prints as JSON. */
  run<T>(program: string, env: NodeJS.ProcessEnv = {}): T {
    const source = `const m = require(${JSON.stringify(join(root, 'dist/index.js'))});\n${program}`;
    return JSON.parse(mustRun(process.execPath, ['-e', source], this.root, this.environment(env)));
  }

  probe(options: ProbeOptions = {}, env: NodeJS.ProcessEnv = {}): Extract<RuntimeProbe, { found: true }> {
    const all = { onnxruntime: this.runtime, roots: { nvml: this.path('absent.so') }, ...options };
    return this.run(
      `m.probe(${JSON.stringify(all)}).then((report) => console.log(JSON.stringify(report.onnxruntime)));`,
      env,
    );
  }

  provider(name: string, options: ProbeOptions = {}, env: NodeJS.ProcessEnv = {}): ProviderProbe {
    const found = this.probe(options, env).providers.find((one) => one.name === name);
    if (found === undefined) throw new Error(`The fake runtime does not list ${name}.`);
    return found;
  }
}
