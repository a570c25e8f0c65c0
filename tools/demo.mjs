// npm run demo: the main job. Counters of this machine where there are any; elsewhere the fake GPU library,
// and every output says SIMULATED.
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
const require = createRequire(import.meta.url);
const { probe } = require(join(root, 'dist/index.js'));
const FAKE = join(root, 'build-test/native/test/fakes/nvml/libnvidia-ml.so.1');

const report = await probe({ timing: false });
const real = report.counters.some((counter) => counter.readable && counter.unit === 'J');
const cuda =
  report.onnxruntime.found &&
  report.onnxruntime.providers.some((p) => p.name === 'cuda' && p.usable !== false);

if (real) {
  run(['probe']);
  run(['infer', 'mobilenetv2', ...(cuda ? ['--ep', 'cuda'] : []), '--min-duration', '5s']);
} else {
  simulated();
}

function simulated() {
  run(['probe']);
  process.stdout.write(
    '\nNo energy counter can be read on this machine, so what follows is SIMULATED: a fake GPU library whose\n' +
      'power follows the CPU time of this process stands in for the driver. The inference and its latencies are real.\n\n',
  );
  const folder = mkdtempSync(join(tmpdir(), 'microjoule-demo-'));
  const library = join(folder, 'libnvidia-ml.so.1');
  try {
    copyFileSync(FAKE, library);
    writeFileSync(`${library}.script`, 'follow-cpu 60 150\n');
    run(['infer', 'mobilenetv2', '--min-duration', '3s', '--nvml', library]);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function run(args) {
  const shown = args.map((arg) => (arg.startsWith(tmpdir()) ? 'fake/libnvidia-ml.so.1' : arg));
  process.stdout.write(`$ microjoule ${shown.join(' ')}\n`);
  const { status } = spawnSync(process.execPath, [join(root, 'dist/cli/main.js'), ...args], {
    stdio: 'inherit',
  });
  if (status !== 0) process.exit(status ?? 1);
  process.stdout.write('\n');
}
