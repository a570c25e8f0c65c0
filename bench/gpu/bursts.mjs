// Single bursts of 5, 20 and 100 ms with start phases spread over the counter's period, in random order with shams, once
// with the energy counter read back to back and once only around its predicted updates; raw traces for the analysis.
//   node bench/gpu/bursts.mjs OUT [--count 200] [--shams 40] [--gap-ms 250] [--blocks 2] [--rehearse]
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
  runLengthMs,
  shuffle,
} from './lib/board.mjs';
import { finishTrace, writeSummary } from './lib/recording.mjs';

const options = commandLine(
  {
    count: { type: 'string', default: '200' }, // of each kind and mode
    shams: { type: 'string', default: '40' }, // of each mode
    'gap-ms': { type: 'string', default: '250' }, // the least; up to one period more
    'period-ms': { type: 'string', default: '100.002' },
    blocks: { type: 'string', default: '2' }, // of each mode, in turn, so that drift meets both
    kinds: { type: 'string', default: '5,20,100' },
    modes: { type: 'string', default: 'dense,continuous' },
  },
  { count: '6', shams: '2', blocks: '1' },
);
const kinds = String(options.kinds).split(',').map(Number);
const modes = options.modes.split(',');
const periodNs = options['period-ms'] * 1e6;
const random = randomOf(options.seed);

const board = boardOf(options);
try {
  const load = await openLoad(options);
  const about = await describe(board, options, load.session);
  const runsOf = new Map([[0, 0]]);
  for (const kind of kinds) {
    const ms = await runLengthMs(load, kind);
    runsOf.set(kind, Math.max(1, Math.round(kind / ms)));
    console.log(`${kind} ms: ${runsOf.get(kind)} runs of ${ms.toFixed(3)} ms`);
  }
  const plan = blocks();
  const bursts = plan.reduce((sum, block) => sum + block.bursts.length, 0);
  const meanMs = plan.flatMap((block) => block.bursts).reduce((sum, { kind }) => sum + kind / bursts, 0);
  const seconds = (bursts * (meanMs + options['gap-ms'] + options['period-ms'] / 2)) / 1000 + 6 * plan.length;
  console.log(`${bursts} bursts in ${plan.length} blocks, about ${seconds.toFixed(0)} s`);

  const results = [];
  for (const [i, block] of plan.entries()) {
    results.push(await record(`${String(i).padStart(2, '0')}-${block.mode}`, block, load, runsOf));
    writeSummary(options.out, { ...about, runs: Object.fromEntries(runsOf), blocks: results });
  }
  await load.session.release();
} finally {
  board.close();
}

// Every kind has a low-discrepancy sequence of phases of its own, which goes on from block to block of a mode.
function blocks() {
  const lists = modes.map((mode) => {
    const all = [];
    for (const [k, kind] of [0, ...kinds].entries()) {
      const count = kind === 0 ? options.shams : options.count;
      for (let j = 0; j < count; j++) all.push({ kind, phase: (j * GOLDEN + k / (kinds.length + 1)) % 1 });
    }
    const order = shuffle(all, random);
    const size = Math.ceil(order.length / options.blocks);
    return Array.from({ length: options.blocks }, (_, b) => ({
      mode,
      bursts: order.slice(b * size, (b + 1) * size),
    }));
  });
  // 1 2 2 1 1 2 …
  return Array.from({ length: options.blocks }, (_, b) => {
    const round = lists.map((list) => list[b]);
    return b % 2 === 0 ? round : round.reverse();
  }).flat();
}

async function record(name, { mode, bursts }, load, runsOf) {
  const meter = await openMeter(board, { sampling: mode });
  const from = mark();
  const gap = BigInt(options['gap-ms'] * 1e6);
  let free = from + 1_500_000_000n;
  let told = from;
  const done = [];
  for (const { kind, phase } of bursts) {
    const runs = runsOf.get(kind);
    const at = atPhase(from, periodNs, phase, free);
    const { a, b } = await burst(load, runs, at);
    done.push({ kind, runs, a, b });
    free = b + gap;
    if (b - told > 10_000_000_000n) {
      told = b;
      console.log(
        `${name}: ${done.length} of ${bursts.length} bursts, ${(Number(b - from) / 1e9).toFixed(0)} s`,
      );
    }
  }
  return { name, mode, ...(await finishTrace(join(options.out, name), meter, from, done)) };
}
