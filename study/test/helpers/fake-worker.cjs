#!/usr/bin/env node
// A worker that computes nothing and takes its time for it. It is started as an interpreter would be, with the script
// that it plays; the option 'fake' of its subject tells how it misbehaves, the option 'gpu' on which GPU it is.
const { existsSync, openSync, writeFileSync, writeSync } = require('node:fs');
const { basename, join } = require('node:path');
const { createInterface } = require('node:readline');

const runtime = basename(process.argv.at(-1)).replace(/\.(py|js)$/, '');
const MS = 2;
let how;
const now = () => process.hrtime.bigint();
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const confirmed = { confirmed: true, by: 'nothing was ever under way' };
let batch = 1;
let busyUntil = 0;

/** Little-endian float32 in a .npy file of version 1. */
function npy(dims, value) {
  const literal = `{'descr': '<f4', 'fortran_order': False, 'shape': (${dims.join(', ')},), }`;
  const header = `${literal.padEnd(117)}\n`;
  const prefix = Buffer.from([
    0x93,
    0x4e,
    0x55,
    0x4d,
    0x50,
    0x59,
    1,
    0,
    header.length & 0xff,
    header.length >> 8,
  ]);
  const data = new Float32Array(dims.reduce((a, b) => a * b, 1)).fill(value);
  return Buffer.concat([prefix, Buffer.from(header, 'latin1'), Buffer.from(data.buffer)]);
}

/** Takes all room that the study's folder has, unless a file there says that it may not. */
function fillDisk() {
  if (existsSync('spared')) return;
  const ballast = openSync('ballast', 'w');
  try {
    for (;;) writeSync(ballast, Buffer.alloc(1 << 16));
  } catch (error) {
    if (error.code !== 'ENOSPC') throw error;
  }
}

async function infer({ n, minSeconds }) {
  if (how === 'dies') process.exit(7);
  if (how === 'hangs') await sleep(1e6);
  if (how === 'garbage') writeSync(1, 'Epoch 1/1 [=====>]\n');
  const startNs = now();
  const durationsMs = [];
  const count = n ?? Math.ceil((1000 * minSeconds) / MS);
  if (how === 'queues') {
    // It hands work over and does not wait for it.
    busyUntil = Math.max(busyUntil, performance.now()) + count * 10 * MS;
    await sleep(count * MS);
    for (let i = 0; i < count; i += 1) durationsMs.push(MS * 0.9);
  } else {
    const made = how === 'skips' ? 2 : count;
    await sleep(made * MS);
    const each = (how === 'skips' ? MS : Number(now() - startNs) / 1e6) / count;
    for (let i = 0; i < count; i += 1) durationsMs.push(each);
  }
  let endNs = now();
  // One inference's time to the ns, so that a busy machine does not decide what is seen of it.
  if (how === 'skips') endNs = startNs + BigInt(MS * 1e6);
  if (how === 'shortens' && count > 1) endNs = startNs + (endNs - startNs) / 20n;
  if (how === 'shortens') durationsMs.fill(0);
  if (how === 'past')
    return { n: count, startNs: '1', endNs: '2', synchronised: confirmed, durationsMs, each: false };
  const synchronised =
    how === 'unconfirmed' ? { confirmed: false, reason: 'nothing to wait with' } : confirmed;
  return { n: count, startNs: String(startNs), endNs: String(endNs), synchronised, durationsMs, each: false };
}

const handlers = {
  hello: () => ({
    protocol: 1,
    runtime,
    versions: { fake: '1', visible: process.env.CUDA_VISIBLE_DEVICES ?? 'all' },
    gpu: { usable: false, reason: 'a fake' },
  }),
  load: async (request) => {
    how = request.options.fake;
    if (how === 'impossible')
      throw Object.assign(new Error('no machine code for this card'), { code: 'impossible' });
    if (how === 'no-memory') throw Object.assign(new Error('out of memory'), { code: 'out-of-memory' });
    batch = request.batch;
    const startNs = String(now());
    await sleep(5);
    return {
      callPath: request.callPath ?? 'inference_mode',
      precision: { tf32: null, fp16: null },
      threads: request.threads ?? null,
      cudnnAutotune: null,
      deviceUuid: request.provider === 'cpu' ? null : (request.options.gpu ?? 'GPU-1111'),
      weights: how === 'disagrees' ? 'mapped' : 'own',
      sameArchitecture: true,
      // Longer than what the last page of a file may still have room for.
      ...(how?.startsWith('fills') ? { options: { filler: 'x'.repeat(10_000) } } : {}),
      phases: how === 'builds' ? [{ name: 'engine-build', startNs, endNs: String(now()) }] : [],
    };
  },
  prepare: () => ({ inputHash: 'f'.repeat(64) }),
  infer,
  synchronise: () => ({ startNs: String(now()), endNs: String(now()), synchronised: confirmed }),
  outputs: async ({ folder }) => {
    await sleep(Math.max(0, busyUntil - performance.now()));
    const path = join(folder, 'logits.npy');
    if (how === 'fills-early') fillDisk();
    writeFileSync(path, npy([batch, 1000], 0.5));
    return { outputs: { logits: path } };
  },
  export: () => {
    throw Object.assign(new Error('this operator has no ONNX equivalent'), { code: 'failed' });
  },
  close: () => {
    if (how === 'fills') fillDisk();
    return {};
  },
};

async function main() {
  process.stderr.write(`fake ${runtime}\n`);
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    const id = how === 'wrong-ids' && request.op === 'infer' ? request.id + 1 : request.id;
    let answer;
    try {
      answer = { id, ok: true, ...(await handlers[request.op](request)) };
    } catch (error) {
      answer = { id, ok: false, error: { code: error.code ?? 'failed', message: error.message } };
    }
    if (how === 'lacks' && request.op === 'load') delete answer.deviceUuid;
    writeSync(1, `${JSON.stringify(answer)}\n`);
    if (request.op === 'close') process.exit(how === 'bad-end' ? 3 : 0);
  }
}

main();
