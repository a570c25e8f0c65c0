// Cost of read(out), and of the meter's own threads, against the fake driver: the CPU time of the real driver's calls
// is measured on a machine with a GPU (bench/gpu).
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Meter } from 'microjoule';
import { report } from './lib/report.mjs';
import { compareCalls } from './lib/statistics.mjs';

const SECONDS = 10;
const LIBRARY = 'libnvidia-ml.so.1';
const built = new URL(`../build-test/native/test/fakes/nvml/${LIBRARY}`, import.meta.url);

const folder = mkdtempSync(join(tmpdir(), 'microjoule-bench-'));
const nvml = join(folder, LIBRARY);
copyFileSync(built, nvml);
writeFileSync(`${nvml}.script`, 'base 120\n');
const meter = await Meter.open({ sources: ['nvml'], roots: { nvml } });

const out = new Float64Array(meter.channels.length);
const { read } = meter;
const [ours, baseline] = compareCalls(
  () => read(out),
  () => process.hrtime.bigint(),
);

const rows = [
  { what: 'read(out)', ours, unit: 'ns', baseline, against: 'process.hrtime.bigint()', limit: 3 },
];

/** Bytes of the JavaScript heap that a call leaves behind. */
if (globalThis.gc) {
  const calls = 1_000_000;
  for (let i = 0; i < 1000; ++i) read(out);
  globalThis.gc();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < calls; ++i) read(out);
  const bytes = Math.max(0, process.memoryUsage().heapUsed - before) / calls;
  rows.push({ what: 'read(out), heap a call', ours: bytes, unit: 'B', limit: 0 });
}

/** Per cent of a core of each thread over the same seconds. */
const before = meter.statistics().threads;
await new Promise((resolve) => setTimeout(resolve, SECONDS * 1000));
const shares = meter.statistics().threads.map((thread, i) => ({
  name: thread.name,
  percent: (100 * (thread.cpuMs - before[i].cpuMs)) / (thread.aliveMs - before[i].aliveMs),
  reads: (thread.reads - before[i].reads) / SECONDS,
}));
const others = shares.filter(({ name }) => !name.endsWith('-energy'));
rows.push({
  what: 'sampler, CPU without the energy counter',
  ours: others.reduce((sum, { percent }) => sum + percent, 0),
  unit: '% of a core',
  limit: 0.5,
});
for (const { name, percent, reads } of shares) {
  rows.push({
    what: `sampler ${name}, ${reads.toFixed(1)} reads a second`,
    ours: percent,
    unit: '% of a core',
  });
}

await meter.close();
rmSync(folder, { recursive: true });
report(rows);
