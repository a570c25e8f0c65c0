// Several sessions, threads and processes on one GPU: who is seen, who waits, and which board is meant.
//   node bench/gpu/concurrency.mjs [OUT.json] [--rehearse]
// Prints PASS or FAIL a line with its figures, and ends with 0 where all passed. --rehearse: on the processor, without
// energy and without what only a GPU has.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { resident } from '../lib/models.mjs';
import { checklist, child, clean, figuresOf, loopOf } from './lib/checks.mjs';

const require = createRequire(import.meta.url);
const here = import.meta.dirname ?? new URL('.', import.meta.url).pathname;
const file = join(here, 'concurrency.mjs');
const { InferenceSession, Meter, Tensor } = require('../../dist/index.js');

const args = process.argv.slice(2);
const rehearse = args.includes('--rehearse') || workerData?.rehearse === true;
const out = args.find((arg) => !arg.startsWith('--'));
const role = workerData?.role ?? process.env.MJ_ROLE;

const SIZE = rehearse ? 256 : 4096;
const feeds = { x: new Tensor('float32', [1], [1]) };
const open = (logId, more = {}) =>
  InferenceSession.create(resident(SIZE, 2), {
    executionProviders: [rehearse ? 'cpu' : 'cuda'],
    logId,
    ...more,
  });

if (role === 'loop') await beside();
else if (role === 'device') await tellDevice();
else if (isMainThread) await main();

/** In a worker, or in a process of its own: runs without end. */
async function beside() {
  const session = await open('elsewhere');
  await session.run(feeds);
  const tell = parentPort ?? { postMessage: (message) => process.send(message) };
  tell.postMessage('running');
  loopOf(session, feeds);
}

/** Which device a process sees under its CUDA_VISIBLE_DEVICES, and what board its energy is of. */
async function tellDevice() {
  try {
    const session = await open('visible');
    const meter = await Meter.open({ sources: ['nvml'] });
    const { energy } = await session.measure(feeds, { minDurationMs: 300, idle: false, meter });
    await meter.close();
    process.send({
      uuid: session.device?.uuid ?? null,
      board: energy.board?.id,
      status: energy.board?.status,
    });
    await session.release();
  } catch (error) {
    process.send({ code: error.code, message: error.message });
  }
  process.disconnect();
}

const other = (env) => child(file, rehearse ? ['--rehearse'] : [], env);

async function main() {
  const { check, finish } = checklist();
  const meter = await Meter.open({ sources: ['nvml'] });
  const a = await open('a');
  const b = await open('b');
  const options = {
    minDurationMs: rehearse ? 200 : 1200,
    idle: { beforeMs: 400, afterMs: 400 },
    meter,
  };
  const figures = figuresOf;
  const alone = (m) => clean(m, !rehearse);
  const suspect = (m) =>
    m.conditions.otherSessions.length > 0 && (rehearse || m.energy.board.cause === 'other-work');
  const measure = (session, more) => session.measure(feeds, { ...options, ...more });

  // Clocks settle, and the board comes to the state that it idles in from here on.
  await measure(a);
  let m = await measure(a);
  check('alone: ok', alone(m), figures(m));

  let stop = loopOf(b, feeds);
  m = await measure(a);
  check('another session of the process runs: suspect', suspect(m), figures(m));
  m = await measure(a, { exclusive: true });
  check('the same, exclusive: ok', alone(m), { ...figures(m), runsOfTheOther: (await stop()).length });

  const [first, second] = await Promise.all([measure(a), measure(b)]);
  check('two measurements at once take turns', first.end < second.start && alone(first) && alone(second), {
    apartMs: Number(second.start - first.end) / 1e6,
    joules: [first.energy.board?.value, second.energy.board?.value],
  });

  const worker = new Worker(file, { workerData: { role: 'loop', rehearse } });
  await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
  m = await measure(a);
  check('a session in a worker thread runs: suspect', suspect(m), figures(m));
  m = await measure(a, { exclusive: true });
  check('the same, exclusive: ok', alone(m), figures(m));
  await worker.terminate();
  m = await measure(a);
  check('after the worker was terminated: ok', alone(m), figures(m));

  if (!rehearse) {
    const beside = other({ MJ_ROLE: 'loop' });
    await beside.next();
    m = await measure(a, { minDurationMs: 5000 });
    await beside.kill();
    check('another process works on the GPU: suspect', m.energy.board.cause === 'other-work', figures(m));

    stop = loopOf(b, feeds);
    const graphs = await Promise.all(['g1', 'g2'].map((id) => open(id, { enableGraphCapture: true })));
    const bindings = await Promise.all(graphs.map((session) => session.bind({ inputs: feeds })));
    for (const binding of bindings) await binding.run();
    const [y] = await Promise.all(bindings.map(async (binding) => (await binding.outputs()).y.data[0]));
    const plain = (await b.run(feeds)).y.data[0];
    check(
      'two graphs are captured while another session runs',
      Math.abs(y - plain) <= 1e-4 + 1e-2 * Math.abs(plain),
      {
        graph: y,
        plain,
        runsOfTheOther: (await stop()).length,
      },
    );
    await Promise.all(graphs.map((session) => session.release()));

    const { uuid } = a.device;
    const visible = [
      [uuid, uuid],
      [uuid.slice(0, 12), uuid],
      ['0', uuid],
      ['', undefined],
      ['GPU-00000000-0000-0000-0000-000000000000', undefined],
    ];
    for (const [devices, expected] of visible) {
      const told = await other({ MJ_ROLE: 'device', CUDA_VISIBLE_DEVICES: devices }).next();
      const right = expected
        ? told.uuid === expected && told.status !== 'unsupported'
        : told.code !== undefined;
      check(`CUDA_VISIBLE_DEVICES='${devices}'`, right, told);
    }
  }

  await b.release();
  m = await measure(a);
  check('after another session was released: ok', alone(m), figures(m));
  await a.release();
  await meter.close();
  finish(out);
}
