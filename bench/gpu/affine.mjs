// A model run k times in single bursts, k from 1 to 1000 in random order with dithered phases: is the energy of a burst
// an intercept plus k slopes? Raw traces for the analysis.
//   node bench/gpu/affine.mjs OUT --model FILE [--repeats 6] [--gap-ms 300] [--rehearse]
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  atPhase,
  boardOf,
  burst,
  commandLine,
  describe,
  GOLDEN,
  mark,
  openLoad,
  openMeter,
  randomOf,
  shuffle,
} from './lib/board.mjs';
import { writeTrace } from './lib/trace.mjs';

const options = commandLine(
  {
    model: { type: 'string', default: '' },
    runs: { type: 'string', default: '1,2,3,5,8,13,22,37,61,100,165,272,450,742,1000' },
    repeats: { type: 'string', default: '6' },
    'gap-ms': { type: 'string', default: '300' },
    'period-ms': { type: 'string', default: '100.002' },
  },
  { runs: '1,4,16,64', repeats: '3' },
);
const counts = String(options.runs).split(',').map(Number);
const periodNs = options['period-ms'] * 1e6;

const board = boardOf(options);
try {
  const load = await openLoad(options);
  const about = await describe(board, options, load.session);
  const plan = shuffle(
    counts.flatMap((runs) => Array.from({ length: options.repeats }, () => runs)),
    randomOf(options.seed),
  );
  const meter = await openMeter(board);
  const from = mark();
  const gap = BigInt(options['gap-ms'] * 1e6);
  let free = from + 1_500_000_000n;
  const done = [];
  for (const [i, runs] of plan.entries()) {
    const { a, b } = await burst(load, runs, atPhase(from, periodNs, (i * GOLDEN) % 1, free));
    done.push({ kind: runs, runs, a, b });
    free = b + gap;
  }
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const to = mark();
  await new Promise((resolve) => setTimeout(resolve, 1200));
  const bursts = await writeTrace(join(options.out, 'affine'), meter, from, to, done);
  const statistics = meter.statistics();
  await meter.close();
  writeFileSync(
    join(options.out, 'affine.json'),
    `${JSON.stringify({ ...about, from: String(from), to: String(to), statistics, bursts }, null, 1)}\n`,
  );
  await load.session.release();
} finally {
  board.close();
}
