// Long windows under a load that goes on: the trace, from which edges can be held back and the ring be integrated.
//   node bench/gpu/long.mjs OUT [--seconds 2,5,10,20] [--rehearse]
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  boardOf,
  burst,
  commandLine,
  describe,
  mark,
  openLoad,
  openMeter,
  runLengthMs,
} from './lib/board.mjs';
import { writeTrace } from './lib/trace.mjs';

const options = commandLine({ seconds: { type: 'string', default: '2,5,10,20' } }, { seconds: '1,2' });
const board = boardOf(options);
try {
  const load = await openLoad(options);
  const about = await describe(board, options, load.session);
  const each = await runLengthMs(load, 200);
  const meter = await openMeter(board);
  const from = mark();
  const done = [];
  for (const seconds of String(options.seconds).split(',').map(Number)) {
    const runs = Math.max(1, Math.round((seconds * 1000) / each));
    const { a, b } = await burst(load, runs, mark() + 1_500_000_000n);
    done.push({ kind: seconds * 1000, runs, a, b });
  }
  await new Promise((resolve) => setTimeout(resolve, 1500));
  const to = mark();
  await new Promise((resolve) => setTimeout(resolve, 1200));
  const bursts = await writeTrace(join(options.out, 'long'), meter, from, to, done);
  await meter.close();
  writeFileSync(
    join(options.out, 'long.json'),
    `${JSON.stringify({ ...about, from: String(from), to: String(to), bursts }, null, 1)}\n`,
  );
  await load.session.release();
} finally {
  board.close();
}
