// What the loop of measure() adds to an inference, over a bare C++ loop on the same library and model; both in turn.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { InferenceSession, Tensor } from 'microjoule';
import { must, root } from '../tools/lib/run.mjs';
import { identity } from './lib/models.mjs';
import { report } from './lib/report.mjs';
import { median } from './lib/statistics.mjs';

const LENGTH = 4;
const WARMUP = 1000;
const RUNS = 50_000;
const ROUNDS = 9;

const folder = mkdtempSync(join(tmpdir(), 'mj-bench-'));
try {
  const model = join(folder, 'identity.onnx');
  const program = join(folder, 'bare_loop');
  writeFileSync(model, identity([LENGTH]));
  const compiler = process.env.CXX ?? 'c++';
  const include = `-I${join(root, 'native')}`;
  must(compiler, ['-O2', '-std=c++17', include, join(root, 'bench/bare/loop.cc'), '-o', program, '-ldl']);

  const session = await InferenceSession.create(model);
  const feeds = { x: new Tensor('float32', new Float32Array(LENGTH), [LENGTH]) };
  const bare = [];
  const ours = [];
  for (let i = 0; i < ROUNDS; ++i) {
    bare.push(Number(must(program, [session.runtime.path, model, LENGTH, WARMUP, RUNS].map(String))));
    const m = await session.measure(feeds, { warmup: WARMUP, repetitions: RUNS, idle: false });
    ours.push((m.durationMs * 1e6) / m.repetitions);
  }
  const [a, b] = [median(ours), median(bare)];
  report([
    {
      what: 'measure(), one inference',
      ours: a / 1000,
      unit: 'us',
      baseline: b / 1000,
      against: 'bare C++ loop',
    },
    { what: 'measure(), added to one inference', ours: (a - b) / 1000, unit: 'us', limit: 1 },
  ]);
  await session.release();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
