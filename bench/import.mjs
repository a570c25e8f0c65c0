// What `import 'microjoule'` adds to the start of a process: fresh processes, an empty module in turn with ours.
import { spawnSync } from 'node:child_process';
import { report } from './lib/report.mjs';
import { median } from './lib/statistics.mjs';

const PROCESSES = 15;

/** ms that one dynamic import of `specifier` takes in a process of its own, measured inside it. */
function importMs(specifier) {
  const source = `
    const start = process.hrtime.bigint();
    await import(${JSON.stringify(specifier)});
    console.log(Number(process.hrtime.bigint() - start) / 1e6);
  `;
  const { stdout, stderr, status } = spawnSync(process.execPath, ['--input-type=module', '--eval', source], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return Number(stdout);
}

const times = { ours: [], empty: [] };
for (let i = 0; i < PROCESSES; ++i) {
  times.ours.push(importMs(import.meta.resolve('microjoule')));
  times.empty.push(importMs('data:text/javascript,'));
}
report([
  { what: 'import', ours: median(times.ours), unit: 'ms', limit: 15 },
  {
    what: 'import',
    ours: median(times.ours),
    unit: 'ms',
    baseline: median(times.empty),
    against: 'an empty module',
  },
]);
