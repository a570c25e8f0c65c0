// A model run k times in single bursts, k from 1 to 1000 and every k in random order: raw traces and the meter's own
// figures. What a burst causes must be affine in k wherever clocks and throttle reasons do not change.
//   node bench/gpu/affine.mjs OUT [--model FILE.onnx] [--batch 1] [--max 1000] [--levels 14] [--repeats 6] [--rehearse]
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
import { finishTrace, writeSummary } from './lib/recording.mjs';

const options = commandLine(
  {
    model: { type: 'string', default: '' }, // the built-in load where none is given
    batch: { type: 'string', default: '1' },
    max: { type: 'string', default: '1000' },
    levels: { type: 'string', default: '14' },
    repeats: { type: 'string', default: '6' }, // of each level, every one with its own k
    'gap-ms': { type: 'string', default: '900' }, // the least; up to one period more
    'period-ms': { type: 'string', default: '100.002' },
  },
  { size: '128', max: '300', levels: '6', repeats: '2', 'gap-ms': '400' },
);
const random = randomOf(options.seed);

// Log-spaced, each dithered within its own share of the range; the smallest and the largest once exactly.
function counts() {
  const { levels, repeats, max } = options;
  const list = [1, max];
  for (let r = 0; r < repeats; r++) {
    for (let level = 0; level < levels; level++) list.push(Math.round(max ** ((level + random()) / levels)));
  }
  return shuffle(list, random);
}

const board = boardOf(options);
try {
  const load = await openLoad(options);
  const about = await describe(board, options, load.session);
  const list = counts();
  const meter = await openMeter(board);
  const from = mark();
  const gap = BigInt(options['gap-ms'] * 1e6);
  let free = from + 1_500_000_000n;
  const done = [];
  for (const [i, runs] of list.entries()) {
    const at = atPhase(from, options['period-ms'] * 1e6, (i * GOLDEN) % 1, free);
    const { a, b, durationsNs } = await burst(load, runs, at);
    done.push({ kind: 'k', runs, a, b, firstMs: durationsNs[0] / 1e6 });
    free = b + gap;
    if (i % 10 === 9)
      console.log(`${i + 1} of ${list.length} bursts, ${(Number(b - from) / 1e9).toFixed(0)} s`);
  }
  writeSummary(options.out, { ...about, ...(await finishTrace(options.out, meter, from, done)) });
  await load.session.release();
} finally {
  board.close();
}
