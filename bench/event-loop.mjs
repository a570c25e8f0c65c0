// How long the event loop stands still during an inference of some 40 ms: the longest gap between turns of it.
import { InferenceSession, Tensor } from 'microjoule';
import * as ort from 'onnxruntime-node';
import { chain } from './lib/models.mjs';
import { report } from './lib/report.mjs';
import { median } from './lib/statistics.mjs';

const SIZE = 256;
const RUNS = 15;
const WANTED_MS = 40;

const now = () => Number(process.hrtime.bigint()) / 1e6;

/** Longest time between two turns of the event loop while `body` is under way, ms. */
async function longestGap(body) {
  let longest = 0;
  let last = now();
  let running = true;
  const turn = () => {
    const t = now();
    longest = Math.max(longest, t - last);
    last = t;
    if (running) setImmediate(turn);
  };
  setImmediate(turn);
  await body();
  turn();
  running = false;
  return longest;
}

async function duration(session, feeds) {
  await session.run(feeds);
  const start = now();
  await session.run(feeds);
  return now() - start;
}

const data = new Float32Array(SIZE * SIZE);
const shape = [SIZE, SIZE];
const trial = await ort.InferenceSession.create(chain(SIZE, 100));
const each = (await duration(trial, { x: new ort.Tensor('float32', data, shape) })) / 100;
await trial.release();

// One thread for the model, so that a core is left for the event loop.
const model = chain(SIZE, Math.ceil(WANTED_MS / each));
const options = { intraOpNumThreads: 1 };
const gaps = {};
for (const [name, Session, TensorClass] of [
  ['ours', InferenceSession, Tensor],
  ['theirs', ort.InferenceSession, ort.Tensor],
]) {
  const session = await Session.create(model, options);
  const feeds = { x: new TensorClass('float32', data, shape) };
  await session.run(feeds);
  const found = [];
  for (let i = 0; i < RUNS; ++i) found.push(await longestGap(() => session.run(feeds)));
  gaps[name] = median(found);
  await session.release();
}
report([
  { what: `event loop delay, ${WANTED_MS} ms inference`, ours: gaps.ours, unit: 'ms', limit: 2 },
  {
    what: 'event loop delay',
    ours: gaps.ours,
    unit: 'ms',
    baseline: gaps.theirs,
    against: 'onnxruntime-node',
  },
]);
