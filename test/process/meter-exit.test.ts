import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { describe, test } from 'vitest';
import { root } from '../helpers/child.js';
import { FakeNvml, ONE_BOARD } from '../helpers/fake-nvml.js';

interface Ended {
  code: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

/** Runs a script in a process of its own, with `Meter`, `mark`, `sleep` and the `options` that open the fake driver. */
function script(fake: FakeNvml, body: string): Promise<Ended> {
  const prelude = `
    const { Meter, mark } = require(${JSON.stringify(join(root, 'dist/index.js'))});
    const options = ${JSON.stringify(fake.options())};
    const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  `;
  const child = spawn(process.execPath, ['-e', `${prelude}(async () => {${body}})();`], { timeout: 25_000 });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (data) => (stdout += data));
  child.stderr.on('data', (data) => (stderr += data));
  return new Promise((resolve) => {
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

const cleanly = (stdout: string): Ended => ({ code: 0, signal: null, stdout, stderr: '' });

describe.concurrent('the process', () => {
  test('ends by itself with a meter left open', async ({ expect }) => {
    const ended = await script(new FakeNvml(ONE_BOARD), "await Meter.open(options); console.log('open');");
    expect(ended).toEqual(cleanly('open\n'));
  });

  test('stays for an energy that is waited for, and ends after it', async ({ expect }) => {
    const ended = await script(
      new FakeNvml(ONE_BOARD),
      `const meter = await Meter.open(options);
       const now = mark();
       meter.energy(now, now + 300_000_000n).then(({ board }) => console.log(board.value > 0));`,
    );
    expect(ended).toEqual(cleanly('true\n'));
  });

  test('ends with the code of process.exit', async ({ expect }) => {
    const ended = await script(
      new FakeNvml(ONE_BOARD),
      'const meter = await Meter.open(options); meter.energy(mark(), mark() + 9_000_000_000n); process.exit(3);',
    );
    expect(ended).toEqual({ code: 3, signal: null, stdout: '', stderr: '' });
  });

  test('ends with 1 on an uncaught throw', async ({ expect }) => {
    const ended = await script(
      new FakeNvml(ONE_BOARD),
      "await Meter.open(options); setImmediate(() => { throw new Error('uncaught'); });",
    );
    expect(ended).toMatchObject({ code: 1, signal: null });
    expect(ended.stderr).toContain('uncaught');
  });

  test('ends by itself when a driver call never returns', async ({ expect }) => {
    const ended = await script(
      new FakeNvml(`${ONE_BOARD}hang nvmlDeviceGetTotalEnergyConsumption 1500\n`, { origin: 'load' }),
      `const meter = await Meter.open(options);
       const a = mark();
       await sleep(1600);
       const { board } = await meter.energy(a, mark());
       console.log(board.status);
       await meter.close();
       console.log('closed');`,
    );
    expect(ended).toEqual(cleanly('suspect\nclosed\n'));
  });

  test('opens a meter whose driver hangs in its initialisation, with the reason, and ends', async ({
    expect,
  }) => {
    const ended = await script(
      new FakeNvml('init hang\n'),
      `const meter = await Meter.open(options);
       console.log(meter.channels[0].unsupported.code, meter.channels[0].unsupported.reason);
       console.log((await meter.measure(() => 42)).result);`,
    );
    expect(ended).toEqual(
      cleanly("timeout The NVIDIA driver's initialisation did not return within 5 s.\n42\n"),
    );
  });

  test('survives workers that come and go with meters, closed, open and half open', async ({ expect }) => {
    const ended = await script(
      new FakeNvml(ONE_BOARD),
      `const { Worker } = require('node:worker_threads');
       const body = (end) => \`
         const { Meter, mark } = require(\${JSON.stringify(${JSON.stringify(join(root, 'dist/index.js'))})});
         const { workerData } = require('node:worker_threads');
         const opening = Meter.open(workerData);
         \${end}\`;
       const ends = [
         'opening.then((meter) => meter.close());',
         'opening.then(() => {});',
         'opening.then((meter) => { meter.energy(mark(), mark() + 5_000_000_000n).catch(() => {}); process.exit(); });',
         'process.exit();',
       ];
       for (let round = 0; round < 5; ++round) {
         await Promise.all(ends.map((end) => new Promise((resolve, reject) => {
           const worker = new Worker(body(end), { eval: true, workerData: options });
           worker.once('error', reject);
           worker.once('exit', resolve);
         })));
       }
       console.log('survived');`,
    );
    expect(ended).toEqual(cleanly('survived\n'));
  });

  test('collects meters that nobody closed', async ({ expect }) => {
    const ended = await script(
      new FakeNvml(ONE_BOARD),
      `for (let i = 0; i < 5; ++i) await Meter.open(options);
       require('node:v8').setFlagsFromString('--expose-gc');
       require('node:vm').runInNewContext('gc')();
       await sleep(50);
       console.log('collected');`,
    );
    expect(ended).toEqual(cleanly('collected\n'));
  });
});
