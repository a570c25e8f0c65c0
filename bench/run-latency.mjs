// run() back to back on one-node models, ours and onnxruntime-node's in alternating rounds of one process.
// Meaningful on a machine with a free core for the executor: it polls for the next run while we take the result.
import { InferenceSession, Tensor } from 'microjoule';
import * as ort from 'onnxruntime-node';
import { identity } from './lib/models.mjs';
import { report } from './lib/report.mjs';
import { median } from './lib/statistics.mjs';

const ROUNDS = 40;
const RUNS = 500;

async function round(side) {
  for (let i = 0; i < RUNS; ++i) {
    const start = process.hrtime.bigint();
    await side.session.run(side.feeds);
    side.durations.push(Number(process.hrtime.bigint() - start));
  }
}

async function side(Session, TensorClass, shape) {
  const data = new Float32Array(shape.reduce((a, b) => a * b, 1));
  const session = await Session.create(identity(shape));
  return { session, feeds: { x: new TensorClass('float32', data, shape) }, durations: [] };
}

const rows = [];
for (const shape of [[4], [1, 3, 8, 8], [1, 3, 224, 224]]) {
  const ours = await side(InferenceSession, Tensor, shape);
  const theirs = await side(ort.InferenceSession, ort.Tensor, shape);
  for (let i = 0; i <= ROUNDS; ++i) {
    for (const one of [ours, theirs]) {
      await round(one);
      if (i === 0) one.durations.length = 0;
    }
  }
  rows.push({
    what: `run(), float32[${shape}], p50`,
    ours: median(ours.durations) / 1000,
    unit: 'us',
    baseline: median(theirs.durations) / 1000,
    against: 'onnxruntime-node',
    limit: 1,
  });
  await ours.session.release();
  await theirs.session.release();
}
report(rows);
