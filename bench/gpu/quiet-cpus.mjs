// The logical CPUs on which a loop runs fastest now, for taskset: on a virtual machine another tenant's work on the
// same core makes launches half again as slow, and a thread may sit there for a second.
//   taskset -c "$(node bench/gpu/quiet-cpus.mjs 4)" node bench/gpu/matrix.mjs …
import { execFileSync } from 'node:child_process';
import { availableParallelism } from 'node:os';

const SPIN =
  'const end = process.hrtime.bigint() + 60_000_000n; let n = 0; let x = 1;' +
  'while (process.hrtime.bigint() < end) { for (let i = 0; i < 1000; i++) x = (x * 48271) % 2147483647; n++; } console.log(n + 0 * x)';
const PASSES = 3;

const wanted = Number(process.argv[2] ?? 4);
const speeds = Array.from({ length: availableParallelism() }, (_, cpu) => ({ cpu, slowest: Infinity }));
for (let pass = 0; pass < PASSES; pass++) {
  for (const entry of speeds) {
    const text = execFileSync('taskset', ['-c', String(entry.cpu), process.execPath, '-e', SPIN], {
      encoding: 'utf8',
    });
    entry.slowest = Math.min(entry.slowest, Number(text));
  }
}
const best = [...speeds].sort((a, b) => b.slowest - a.slowest).slice(0, wanted);
console.error(speeds.map(({ cpu, slowest }) => `${cpu}: ${slowest}`).join(', '));
console.log(
  best
    .map(({ cpu }) => cpu)
    .sort((a, b) => a - b)
    .join(','),
);
