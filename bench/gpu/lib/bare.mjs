// The bare loop (bare_loop.cc): built once, run in a process of its own with the tensors and options of a session.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';

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

  /** A session of its own process; its `measure` gives instants and durations of so many seconds of runs. */
  open({ library, model, provider, options, free, feeds, device }, before) {
    const folder = mkdtempSync(join(this.#folder, 'loop-'));
    const lines = [
      `library ${library}`,
      `model ${model}`,
      `provider ${provider}`,
      `path ${device ? 'device' : 'host'}`,
      `before ${before}`,
      ...Object.entries(options).map(([key, value]) => `option ${key}=${value}`),
      ...Object.entries(free).map(([name, size]) => `free ${name} ${size}`),
      ...Object.entries(feeds).map(([name, tensor], i) => {
        const file = join(folder, `input-${i}`);
        const { buffer, byteOffset, byteLength } = tensor.data;
        writeFileSync(file, new Uint8Array(buffer, byteOffset, byteLength));
        return `input ${name} ${TYPES[tensor.type]} ${file} ${tensor.dims.join(' ')}`;
      }),
    ];
    const plan = join(folder, 'plan');
    writeFileSync(plan, `${lines.join('\n')}\n`);
    return new OpenLoop(this.#program, plan);
  }

  close() {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

class OpenLoop {
  #child;
  #lines;
  #failure = '';

  constructor(program, plan) {
    const env = { ...process.env, LD_LIBRARY_PATH: libraryFolders().join(':') };
    this.#child = spawn(program, [plan], { env });
    this.#child.stderr.setEncoding('utf8').on('data', (text) => {
      this.#failure += text;
    });
    this.#child.stdin.on('error', () => {}); // it has ended: there is no answer then
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Of the thread that runs the loop. */
  get pid() {
    return this.#child.pid;
  }

  async measure(seconds) {
    this.#child.stdin.write(`${seconds}\n`);
    const { value, done } = await this.#lines.next();
    if (done) throw new Error(this.#failure.trim() || 'The bare loop ended.');
    const { startNs, endNs, durationsNs } = JSON.parse(value);
    return { start: BigInt(startNs), end: BigInt(endNs), durationsMs: durationsNs.map((ns) => ns / 1e6) };
  }

  close() {
    this.#child.stdin.end();
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
