// What the scripts of bench/gpu share: options, the board under test, the load, and bursts of it at planned instants.
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { resident } from '../../lib/models.mjs';
import { randomOf, shuffle } from '../../lib/random.mjs';

const require = createRequire(import.meta.url);
const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../../..');
const { InferenceSession, Meter, mark, probe, Tensor } = require(join(root, 'dist/index.js'));
const FAKE = join(root, 'build-test/native/test/fakes/nvml/libnvidia-ml.so.1');

export { mark, randomOf, shuffle };

const COMMON = {
  provider: { type: 'string', default: 'cuda' },
  // Of the built-in load: rows of its matrix, and products a run.
  size: { type: 'string', default: '4096' },
  products: { type: 'string', default: '2' },
  seed: { type: 'string', default: '1' },
  // On the processor, with a fake GPU library whose power follows this process's CPU time.
  rehearse: { type: 'boolean', default: false },
};

/** Parses `OUT [options]`; numbers come back as numbers. */
export function commandLine(options, rehearsal) {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { ...COMMON, ...options },
  });
  const [out] = positionals;
  if (out === undefined) throw new Error('usage: node bench/gpu/SCRIPT.mjs OUT_FOLDER [options]');
  mkdirSync(out, { recursive: true });
  const given = new Set(process.argv.map((arg) => arg.replace(/^--/, '').split('=')[0]));
  const chosen = { ...values, out };
  if (values.rehearse) {
    const quick = { provider: 'cpu', size: '384', products: '1', ...rehearsal };
    for (const [key, value] of Object.entries(quick)) if (!given.has(key)) chosen[key] = value;
  }
  for (const [key, value] of Object.entries(chosen)) {
    if (typeof value === 'string' && value !== '' && Number.isFinite(Number(value)))
      chosen[key] = Number(value);
  }
  return chosen;
}

/** Of an option that takes several, separated by commas. */
export const list = (text) => String(text).split(',').filter(Boolean);

/** Where NVML is: the system's own, or for a rehearsal the fake. `close` removes what was made. */
export function boardOf({ rehearse }, script = 'follow-cpu 60 150\n') {
  if (!rehearse) return { roots: {}, close() {} };
  const folder = mkdtempSync(join(tmpdir(), 'mj-rehearsal-'));
  const nvml = join(folder, 'libnvidia-ml.so.1');
  copyFileSync(FAKE, nvml);
  writeFileSync(`${nvml}.script`, script);
  return { roots: { nvml }, close: () => rmSync(folder, { recursive: true }) };
}

export const openMeter = (board, options = {}) =>
  Meter.open({ sources: ['nvml'], roots: board.roots, historySeconds: 900, ...options });

/** What the run was made with and on, for the summary. */
export async function describe(board, options, session) {
  const { platform, node, microjoule, gpus, driver, counters } = await probe({ roots: board.roots });
  return {
    script: process.argv[1]?.split('/').at(-1),
    date: new Date().toISOString(),
    options,
    machine: { platform, node, microjoule, gpus, driver, counters },
    onnxruntime: session.runtime.version,
    providers: session.providers,
  };
}

/** A session with its feeds: the model file, or by default products of a matrix that stays on the device. */
export async function openLoad({ provider, model, batch = 1, size, products }) {
  const session = await InferenceSession.create(model || resident(size, products), {
    executionProviders: [provider],
  });
  const feeds = {};
  for (const input of session.inputMetadata) {
    const dims = input.shape.map((d) => (typeof d === 'number' ? d : batch));
    const count = dims.reduce((a, b) => a * b, 1);
    feeds[input.name] =
      input.type === 'float32'
        ? new Tensor(
            'float32',
            Float32Array.from({ length: count }, (_, i) => Math.sin(i + 1)),
            dims,
          )
        : new Tensor(input.type, new BigInt64Array(count), dims);
  }
  // Clocks and the allocator settle.
  await session.measureNative(feeds, { warmup: 5, minDurationNs: 1e9 });
  return { session, feeds };
}

/** `runs` runs back to back on the session's own thread, from the instant `at` on; 0 runs: a window without work. */
export async function burst({ session, feeds }, runs, at) {
  const wait = Math.max(0, Number(at - mark()));
  if (runs === 0) {
    await new Promise((resolve) => setTimeout(resolve, wait / 1e6));
    const a = mark();
    await new Promise((resolve) => setTimeout(resolve, 5));
    return { a, b: mark(), durationsNs: new Float64Array(0) };
  }
  const done = await session.measureNative(feeds, { repetitions: runs, idleBeforeNs: wait });
  const [, a, b] = done.marksNs;
  return { a, b, durationsNs: done.durationsNs };
}

/** How long one run takes in a burst of about this length, ms; from a few such bursts. */
export async function runLengthMs(load, aboutMs) {
  let runs = 1;
  for (let i = 0; i < 6; i++) {
    const { a, b } = await burst(load, runs, mark() + 100_000_000n);
    const each = Number(b - a) / 1e6 / runs;
    runs = Math.max(1, Math.round(aboutMs / each));
    if (i === 5) return each;
  }
}

export const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** The first instant from `earliest` on with this phase (0 to 1) in the period counted from `origin`. */
export function atPhase(origin, periodNs, phase, earliest) {
  const since = Number(earliest - origin) / periodNs;
  const periods = Math.ceil(since - phase) + phase;
  return origin + BigInt(Math.round(periods * periodNs));
}
