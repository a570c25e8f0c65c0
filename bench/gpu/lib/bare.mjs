// The bare loop (bare_loop.cc): built once, run in a process of its own with the tensors and options of a session.
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const here = import.meta.dirname ?? new URL('.', import.meta.url).pathname;
// ONNX's numbers of the element types.
const TYPES = { float32: 1, int32: 6, int64: 7 };

export class BareLoop {
  #folder = mkdtempSync(join(tmpdir(), 'mj-bare-'));
  #program;

  /** `program`: built before; empty: it is built here. */
  constructor(program) {
    this.#program = program || join(this.#folder, 'bare_loop');
    if (program) return;
    const source = join(here, '../bare_loop.cc');
    const native = join(here, '../../../native');
    execFileSync(process.env.CXX ?? 'g++', [
      '-O2',
      '-std=c++17',
      `-I${native}`,
      source,
      '-ldl',
      '-o',
      this.#program,
    ]);
  }

  /** Instants and durations of so many seconds of runs. */
  async measure({ library, model, provider, options, free, feeds, device, seconds, before }) {
    const lines = [
      `library ${library}`,
      `model ${model}`,
      `provider ${provider}`,
      `path ${device ? 'device' : 'host'}`,
      `seconds ${seconds}`,
      `before ${before}`,
      ...Object.entries(options).map(([key, value]) => `option ${key}=${value}`),
      ...Object.entries(free).map(([name, size]) => `free ${name} ${size}`),
      ...Object.entries(feeds).map(([name, tensor], i) => {
        const file = join(this.#folder, `input-${i}`);
        const { buffer, byteOffset, byteLength } = tensor.data;
        writeFileSync(file, new Uint8Array(buffer, byteOffset, byteLength));
        return `input ${name} ${TYPES[tensor.type]} ${file} ${tensor.dims.join(' ')}`;
      }),
    ];
    const plan = join(this.#folder, 'plan');
    writeFileSync(plan, `${lines.join('\n')}\n`);
    const env = { ...process.env, LD_LIBRARY_PATH: libraryFolders().join(':') };
    const { stdout } = await run(this.#program, [plan], { maxBuffer: 1 << 28, env });
    const { startNs, endNs, durationsNs } = JSON.parse(stdout);
    return { start: BigInt(startNs), end: BigInt(endNs), durationsMs: durationsNs.map((ns) => ns / 1e6) };
  }

  close() {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Folders of the CUDA and TensorRT libraries that this process has loaded, before those that it was told of. */
function libraryFolders() {
  const loaded = readFileSync('/proc/self/maps', 'utf8').matchAll(
    /(\/\S*\/lib(?:cu|nv|onnxruntime)\S*\.so\S*)/g,
  );
  const told = (process.env.LD_LIBRARY_PATH ?? '').split(':').filter(Boolean);
  return [...new Set([...[...loaded].map(([, path]) => dirname(path)), ...told])];
}
