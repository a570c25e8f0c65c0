// The same through the whole stack: addon, threads and a fake driver that plays bursts of known energy.
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Meter, mark } from 'microjoule';

const LIBRARY = 'libnvidia-ml.so.1';
const IDLE_W = 118;
const BURST_W = 482;
const GAP_MS = 620;
const LENGTHS_MS = [5, 20, 50, 100, 200];
const GOLDEN = (Math.sqrt(5) - 1) / 2;

/** @returns one row a length: n, held, meanU, rmse and the plain difference's, % of the true energy */
export async function throughTheStack(built, burstsOfEach) {
  const bursts = [];
  let at = 1500;
  for (let i = 0; i < burstsOfEach * LENGTHS_MS.length; ++i) {
    const ms = LENGTHS_MS[i % LENGTHS_MS.length];
    bursts.push({ at: Math.round(at + 100 * ((i * GOLDEN) % 1)), ms });
    at += GAP_MS + ms;
  }
  const folder = mkdtempSync(join(tmpdir(), 'microjoule-accuracy-'));
  const nvml = join(folder, LIBRARY);
  copyFileSync(built, nvml);
  const origin = mark();
  const pulses = bursts.map((burst) => `pulse ${burst.at} ${burst.ms} ${BURST_W}`).join('\n');
  writeFileSync(`${nvml}.script`, `origin ${origin}\nbase ${IDLE_W}\n${pulses}\n`);
  const meter = await Meter.open({ sources: ['nvml'], roots: { nvml }, historySeconds: 3600 });
  const instant = (ms) => origin + BigInt(Math.round(ms * 1e6));
  try {
    await new Promise((resolve) => setTimeout(resolve, at + 1000 - Number(mark() - origin) / 1e6));
    for (const burst of bursts) {
      const idle = { beforeMs: 400, afterMs: 400 };
      const report = await meter.energy(instant(burst.at), instant(burst.at + burst.ms), {
        kind: 'caused',
        idle,
      });
      burst.energy = report.board;
      burst.plain = plainDifference(report, burst.ms) - (IDLE_W * burst.ms) / 1e3;
    }
  } finally {
    await meter.close();
    rmSync(folder, { recursive: true, force: true });
  }
  return LENGTHS_MS.map((ms) =>
    score(
      ms,
      bursts.filter((burst) => burst.ms === ms),
    ),
  );
}

/** What a program gets that reads the counter at both ends. */
function plainDifference({ timeline }, ms) {
  const edges = timeline.series.find(({ unit }) => unit === 'J');
  const read = (t) => {
    let joules = edges.value[0];
    edges.tAfterMs.forEach((after, i) => {
      if ((edges.tBeforeMs[i] + after) / 2 <= t) joules = edges.value[i];
    });
    return joules;
  };
  return read(ms) - read(0);
}

function score(ms, bursts) {
  const truth = (BURST_W * ms) / 1e3;
  const percent = (joules) => (100 * joules) / truth;
  const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const rms = (errors) => percent(Math.sqrt(mean(errors.map((error) => error * error))));
  const ends = ({ value, uncertainty, lo = value - uncertainty, hi = value + uncertainty }) => [lo, hi];
  return {
    ms,
    n: bursts.length,
    held: bursts.filter(({ energy }) => ends(energy)[0] <= truth && truth <= ends(energy)[1]).length,
    suspect: bursts.filter(({ energy }) => energy.status === 'suspect').length,
    bias: percent(mean(bursts.map(({ energy }) => energy.value)) - truth),
    rmse: rms(bursts.map(({ energy }) => energy.value - truth)),
    u: percent(mean(bursts.map(({ energy }) => energy.uncertainty))),
    plainRmse: rms(bursts.map(({ plain }) => plain - truth)),
  };
}
