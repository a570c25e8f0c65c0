// What resolving windows costs with an hour of history behind it: the counter and the ring of an H100, simulated, in the
// timelines that a meter keeps. The CPU time of the call below the JavaScript layer.
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { report } from './lib/report.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const build = join(root, 'build-test');
execFileSync('cmake', ['--build', build, '--target', 'resolution_cost'], { stdio: 'ignore' });
const [, ...lines] = execFileSync(join(build, 'native/test/resolution_cost')).toString().trim().split('\n');

report(
  lines.flatMap((line) => {
    const [window, windows, p50, p99] = line.split(',');
    const what = `resolving ${window}, ${windows} in one call`;
    return [
      { what: `${what}, p50 a window`, ours: Number(p50), unit: 'us', limit: 50 },
      { what: `${what}, p99`, ours: Number(p99), unit: 'us' },
    ];
  }),
);
