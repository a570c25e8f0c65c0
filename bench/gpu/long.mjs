// Windows of 2 to 20 s under load, steady and in gusts: raw traces, for comparison with the ring's integral and with
// updates of the counter that the estimate was not given.
//   node bench/gpu/long.mjs OUT [--seconds 2,3,5,8,12,20] [--rehearse]
import {
  boardOf,
  burst,
  commandLine,
  describe,
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
    seconds: { type: 'string', default: '2,3,5,8,12,20' },
    'gap-ms': { type: 'string', default: '1500' },
  },
  { seconds: '2,3' },
);
const random = randomOf(options.seed);
const NS_PER_MS = 1_000_000;

// A steady window is one burst; gusts of 20 to 400 ms with pauses of 10 to 300 ms make the other kind.
async function work(load, kind, lengthMs, runMs) {
  const a = mark() + BigInt(options['gap-ms'] * NS_PER_MS);
  if (kind === 'steady') {
    const { a: begun, b } = await burst(load, Math.max(1, Math.round(lengthMs / runMs)), a);
    return { kind, a: begun, b };
  }
  const end = a + BigInt(lengthMs * NS_PER_MS);
  let runs = 0;
  let next = a;
  let begun = 0n;
  let b = a;
  while (b < end) {
    const gust = Math.max(1, Math.round((20 + 380 * random()) / runMs));
    const done = await burst(load, gust, next);
    begun ||= done.a;
    b = done.b;
    runs += gust;
    next = b + BigInt(Math.round((10 + 290 * random()) * NS_PER_MS));
  }
  return { kind, runs, a: begun, b };
}

const board = boardOf(options);
try {
  const load = await openLoad(options);
  const about = await describe(board, options, load.session);
  const runMs = await runLengthMs(load, 500);
  const list = String(options.seconds)
    .split(',')
    .flatMap((s) => ['steady', 'gusts'].map((kind) => ({ kind, lengthMs: Number(s) * 1000 })));
  const meter = await openMeter(board);
  const from = mark();
  const done = [];
  for (const { kind, lengthMs } of shuffle(list, random)) {
    const window = await work(load, kind, lengthMs, runMs);
    done.push({ runs: 0, ...window });
    console.log(`${kind}, ${(Number(window.b - window.a) / 1e9).toFixed(1)} s`);
  }
  writeSummary(options.out, { ...about, ...(await finishTrace(options.out, meter, from, done)) });
  await load.session.release();
} finally {
  board.close();
}
