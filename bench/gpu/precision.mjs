// Whether what a session says of its precision is what the device does: the square of a diagonal matrix whose entries,
// 1 + 2^-13, TF32 and FP16 round to 1. Each session in a process of its own, with an environment of its own.
//   node bench/gpu/precision.mjs OUT.json [--library-folder FOLDER …] [--rehearse]
// Ends with 0 where nothing computed in less than was said to be allowed.
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const SIZE = 256;
const require = createRequire(import.meta.url);
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    'library-folder': { type: 'string', multiple: true, default: [] },
    rehearse: { type: 'boolean', default: false },
    cell: { type: 'string' },
  },
});

// `before`: in the same process a session is made first, and the variable is changed behind it.
const OFF = { NVIDIA_TF32_OVERRIDE: '0' };
const CELLS = [
  { name: 'cuda', options: { executionProviders: ['cuda'] } },
  { name: 'cuda, tf32: true', options: { executionProviders: ['cuda'], tf32: true } },
  { name: 'cuda, tf32: false', options: { executionProviders: ['cuda'], tf32: false } },
  { name: 'cuda, variable 0', options: { executionProviders: ['cuda'] }, env: OFF },
  { name: 'cuda, variable 0, tf32: true', options: { executionProviders: ['cuda'], tf32: true }, env: OFF },
  { name: 'cuda, variable 0 after a session', options: { executionProviders: ['cuda'] }, before: true },
  { name: 'tensorrt', options: { executionProviders: ['tensorrt'] } },
  { name: 'tensorrt, tf32: false', options: { executionProviders: ['tensorrt'], tf32: false } },
  {
    name: 'tensorrt, variable 0, tf32: false',
    options: { executionProviders: ['tensorrt'], tf32: false },
    env: OFF,
  },
  {
    name: 'tensorrt, variable 0, FP16',
    options: { executionProviders: [{ name: 'tensorrt', trt_fp16_enable: '1' }] },
    env: OFF,
  },
  { name: 'nv-tensorrt-rtx', options: { executionProviders: ['nv-tensorrt-rtx'] } },
];
const REHEARSED = [
  { name: 'cpu, tf32: false', options: { executionProviders: ['cpu'], tf32: false } },
  { name: 'cpu, tf32: true', options: { executionProviders: ['cpu'], tf32: true } },
];

if (values.cell !== undefined) console.log(JSON.stringify(await runCell(JSON.parse(values.cell))));
else compare();

function compare() {
  const [out] = positionals;
  if (out === undefined)
    throw new Error('Usage: precision.mjs OUT.json [--library-folder FOLDER …] [--rehearse]');
  const results = (values.rehearse ? REHEARSED : CELLS).map((cell) => ({ ...cell, ...inProcess(cell) }));
  writeFileSync(out, `${JSON.stringify({ date: new Date().toISOString(), size: SIZE, results }, null, 2)}\n`);
  for (const one of results) console.log(`${one.name.padEnd(36)} ${sentence(one)}`);
  process.exitCode = results.some((one) => one.contradicted) ? 1 : 0;
}

function inProcess(cell) {
  const { NVIDIA_TF32_OVERRIDE, ...env } = process.env;
  const options = { ...cell.options, libraryFolders: values['library-folder'] };
  const { stdout, stderr, status, signal } = spawnSync(
    process.execPath,
    [fileURLToPath(import.meta.url), '--cell', JSON.stringify({ ...cell, options })],
    { env: { ...env, ...cell.env }, encoding: 'utf8' },
  );
  const last = stdout.trim().split('\n').at(-1);
  return status === 0 ? JSON.parse(last) : { error: `ended with ${signal ?? status}: ${stderr.slice(-500)}` };
}

async function runCell({ options, before }) {
  const { InferenceSession, Tensor } = require('../../dist/index.js');
  const data = new Float32Array(SIZE * SIZE);
  for (let i = 0; i < SIZE; ++i) data[i * (SIZE + 1)] = 1 + 2 ** -13;
  const x = new Tensor('float32', data, [SIZE, SIZE]);
  try {
    if (before) {
      await (await InferenceSession.create(square(), options)).run({ x });
      process.env.NVIDIA_TF32_OVERRIDE = '0';
    }
    const session = await InferenceSession.create(square(), options);
    const { y } = await session.run({ x });
    const reduced = Math.abs(y.data[0] - (1 + 2 ** -13) ** 2) > 2 ** -20;
    const precision = session.precision[session.providers[0]];
    const contradicted = reduced && Object.values(precision).every(({ allowed }) => allowed === false);
    return { version: session.runtime.version, y: y.data[0], reduced, contradicted, precision };
  } catch (error) {
    return { code: error.code, error: error.message, remedy: error.remedy };
  }
}

function sentence({ error, remedy, y, reduced, contradicted, precision }) {
  if (error !== undefined) return `refused: ${error} ${remedy ?? ''}`;
  const said = Object.entries(precision)
    .filter(([, { from }]) => from !== 'not-applicable')
    .map(
      ([format, { allowed, from, detail }]) => `${format} ${allowed ?? 'unknown'} (${from}: ${detail ?? ''})`,
    );
  const verdict = contradicted ? 'CONTRADICTED' : 'as said';
  return `y ${y}: ${reduced ? '10 bits' : 'float32'}, ${verdict}; ${said.join(', ') || 'no setting'}`;
}

/** y = x · x in onnx.proto's wire format. */
function square() {
  const bytes = (field, ...parts) => {
    const body = Buffer.concat(parts.map((part) => Buffer.from(part)));
    return Buffer.concat([Buffer.from([(field << 3) | 2, ...varint(body.length)]), body]);
  };
  const number = (field, n) => Buffer.from([field << 3, ...varint(n)]);
  const varint = (n) => (n < 128 ? [n] : [(n & 127) | 128, ...varint(n >>> 7)]);
  const side = bytes(1, number(1, SIZE));
  const value = (field, name) =>
    bytes(field, bytes(1, name), bytes(2, bytes(1, number(1, 1), bytes(2, side, side))));
  const node = bytes(1, bytes(1, 'x'), bytes(1, 'x'), bytes(2, 'y'), bytes(4, 'MatMul'));
  const graph = bytes(7, node, bytes(2, 'square'), value(11, 'x'), value(12, 'y'));
  return Buffer.concat([number(1, 8), graph, bytes(8, bytes(1, ''), number(2, 13))]);
}
