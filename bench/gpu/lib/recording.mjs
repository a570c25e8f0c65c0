// How every recording ends: the trace of its bursts, and the summary of all.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mark } from './board.mjs';
import { writeTrace } from './trace.mjs';

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Lets the last burst come to rest, writes the trace into `folder` and closes the meter. */
export async function finishTrace(folder, meter, from, done) {
  await sleep(1500);
  const to = mark();
  await sleep(1200); // until the ring has been read once more
  const statistics = meter.statistics();
  const bursts = await writeTrace(folder, meter, from, to, done);
  await meter.close();
  console.log(`done, ${(Number(mark() - from) / 1e9).toFixed(1)} s`);
  return { from: String(from), to: String(to), statistics, bursts };
}

export function writeSummary(folder, summary) {
  writeFileSync(join(folder, 'summary.json'), `${JSON.stringify(summary, null, 1)}\n`);
}
