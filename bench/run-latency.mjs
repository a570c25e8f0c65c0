// run() back to back on a one-node model: ours over onnxruntime-node's, in alternating rounds of one process.
import { createRequire } from 'node:module';
import { identity } from './models.mjs';

const require = createRequire(import.meta.url);
const ours = require('../dist/index.js');
const theirs = require('onnxruntime-node');

const ROUNDS = 40;
const RUNS = 500;

async function round(session, feeds, durations) {
  for (let i = 0; i < RUNS; i++) {
    const start = process.hrtime.bigint();
    await session.run(feeds);
    durations.push(Number(process.hrtime.bigint() - start));
  }
}

const p50 = (values) => Float64Array.from(values).sort()[values.length >> 1];

for (const [label, shape] of [
  ['Identity float32[4]', [4]],
  ['Identity float32[1,3,8,8]', [1, 3, 8, 8]],
]) {
  const bytes = identity(shape);
  const length = shape.reduce((a, b) => a * b, 1);
  const sides = {};
  for (const [name, ort] of Object.entries({ ours, theirs })) {
    const session = await ort.InferenceSession.create(bytes);
    const feeds = { x: new ort.Tensor('float32', new Float32Array(length), shape) };
    sides[name] = { session, feeds, durations: [] };
  }
  for (const { session, feeds } of Object.values(sides)) await round(session, feeds, []);
  for (let i = 0; i < ROUNDS; i++) {
    for (const { session, feeds, durations } of Object.values(sides)) await round(session, feeds, durations);
  }
  const a = p50(sides.ours.durations);
  const b = p50(sides.theirs.durations);
  console.log(
    `${label}: run() p50 ours ${(a / 1000).toFixed(2)} us, onnxruntime-node ${(b / 1000).toFixed(2)} us, ratio ${(a / b).toFixed(2)}`,
  );
  for (const { session } of Object.values(sides)) await session.release();
}
