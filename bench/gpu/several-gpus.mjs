// Several GPUs in one machine: whose energy is whose, and that work on one leaves the others alone.
//   node bench/gpu/several-gpus.mjs [OUT.json] [--rehearse]
// Uses CUDA's devices 0 and 1; about 90 s. Prints PASS or FAIL a line with its figures, and ends with 0 where all passed.
// --rehearse: on stand-ins of two boards, whose energies and memory say nothing.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { resident } from '../lib/models.mjs';
import { checklist, child } from './lib/checks.mjs';
import { Devices } from './lib/devices.mjs';
import { beginWithFakeDriver, fakeGpu, TWO_BOARDS } from './lib/fake-gpu.mjs';
import * as gpus from './lib/on-gpus.mjs';

const { feeds, openOn, root, standIns } = gpus;
const file = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, 'several-gpus.mjs');
const { probe } = createRequire(import.meta.url)(join(root, 'dist/index.js'));

async function main() {
  const args = process.argv.slice(2);
  const rehearse = args.includes('--rehearse');
  if (rehearse) beginWithFakeDriver();
  const fake = rehearse ? fakeGpu(TWO_BOARDS) : undefined;
  if (fake) gpus.useStandIns(fake);
  // Ordinals here and in children are CUDA's own.
  delete process.env.CUDA_VISIBLE_DEVICES;
  const list = checklist();
  const sessions = [await openOn(0), await openOn(1)];
  const meter = await gpus.openMeter();
  const run = new Checks(list.check, sessions, meter, rehearse);
  const beside = ['eachAlone', 'atOnce', 'exclusive', 'captures', 'outOfMemory', 'otherProcess'];
  for (const step of beside) await list.attempt(step, () => run[step]());
  for (const session of sessions) await session.release();
  for (const step of ['workers', 'visible', 'commands']) await list.attempt(step, () => run[step]());
  await meter.close();
  list.finish(
    args.find((arg) => !arg.startsWith('--')),
    { boards: run.boards, rehearse },
  );
  fake?.close();
}

class Checks extends Devices {
  async eachAlone() {
    // Clocks settle, and the boards come to the state that they idle in from here on.
    await Promise.all([this.measure(0), this.measure(1)]);
    const began = performance.now();
    this.alone = [await this.measure(0), await this.measure(1)];
    this.aloneMs = (performance.now() - began) / 2;
    this.boards = this.alone[0].boards.map(({ uuid, pciBusId }) => ({ uuid, pciBusId }));
    for (const [i, told] of this.alone.entries()) {
      this.check(
        `device ${i} alone: its own board, the others idle`,
        this.isBoard(told, this.uuids[i]),
        told,
      );
    }
    this.check('two devices are two boards', new Set(this.uuids).size === 2, { uuids: this.uuids });
  }

  async atOnce() {
    const began = performance.now();
    const told = await Promise.all([this.measure(0), this.measure(1)]);
    const bothMs = performance.now() - began;
    const { overlap, parallel } = this.together(told);
    const inTime = this.rehearse || bothMs < 1.4 * this.aloneMs;
    this.check(
      'both at once: in parallel, neither disturbs the other',
      told.every((t) => this.clean(t)) && parallel && inTime,
      {
        bothMs,
        aloneMs: this.aloneMs,
        overlap,
        status: told.map(({ board }) => board),
      },
    );
    this.alike('both at once', told);
  }

  async exclusive() {
    const [told, ends] = await this.besideRuns(1, () => this.measure(0, { exclusive: true }));
    const within = ends.filter((at) => at > BigInt(told.startNs) && at < BigInt(told.endNs));
    this.check('exclusive on device 0: device 1 goes on', this.clean(told) && within.length > 5, {
      runsOf1Within: within.length,
      runsOf0: told.repetitions,
      board: told.board,
    });
  }

  async captures() {
    const [y, ends] = await this.besideRuns(1, () => this.graphs());
    const plain = (await this.sessions[0].run(feeds)).y.data[0];
    const right = y.every((one) => Math.abs(one - plain) <= 1e-4 + 1e-2 * Math.abs(plain));
    this.check('graphs are captured on both while device 1 runs', right && ends.length > 0, {
      y,
      plain,
      runs: ends.length,
    });
  }

  /** What a graph captured on each of both gives. */
  async graphs() {
    const graphs = await Promise.all([0, 1].map((i) => openOn(i, { enableGraphCapture: true })));
    const bindings = await Promise.all(graphs.map((session) => session.bind({ inputs: feeds })));
    await Promise.all(bindings.map((binding) => binding.run()));
    const y = await Promise.all(bindings.map(async (binding) => (await binding.outputs()).y.data[0]));
    await Promise.all(graphs.map((session) => session.release()));
    return y;
  }

  /** The matrix takes 64 MiB, and so does each product. */
  async outOfMemory() {
    if (this.rehearse) return;
    const limited = async () => {
      const session = await openOn(1, {}, { gpu_mem_limit: String(100 * 2 ** 20) });
      await session.run(feeds).finally(() => session.release());
    };
    const failure = () =>
      limited().then(
        () => undefined,
        (reason) => reason,
      );
    const [error, ends] = await this.besideRuns(0, failure);
    const told = [await this.measure(0), await this.measure(1)];
    const failed = error?.code === 'out-of-device-memory';
    this.check(
      'out of memory on device 1: device 0 goes on, and so does 1',
      failed && told.every((t) => this.clean(t)),
      {
        code: error?.code,
        message: error?.message,
        runsOf0Meanwhile: ends.length,
        boards: told.map(({ board }) => board),
      },
    );
  }

  async otherProcess() {
    const beside = child(file, process.argv.slice(2), { MJ_ROLE: 'loop', MJ_DEVICE: '1' });
    const { uuid, usedAfter } = await beside.next();
    if (!this.rehearse) await this.memory(usedAfter);
    const measured = async () => {
      const here = await this.measure(0);
      return [here, await this.measure(1, { minDurationMs: this.rehearse ? 200 : 5000 })];
    };
    const [here, there] = await measured().finally(() => beside.kill());
    this.check(
      'another process on device 1: not counted on 0',
      uuid === this.uuids[1] && this.clean(here),
      here,
    );
    const seen = this.rehearse || there.board.cause === 'other-work';
    this.check('the same: counted on 1', seen, there);
  }

  /** A context on device 0 shows in its memory. [H100] ONNX Runtime makes one there by itself: no more than that is ours. */
  async memory(ours) {
    const alone = child(file, process.argv.slice(2), { MJ_ROLE: 'theirs', MJ_DEVICE: '1' });
    const { usedAfter: theirs } = await alone.next();
    const [first, second] = this.uuids;
    const grownMiB = (used, uuid) =>
      Object.fromEntries(Object.entries(used).map(([step, now]) => [step, now[uuid] - used.nothing[uuid]]));
    const grown = { ours: grownMiB(ours, first), theirs: grownMiB(theirs, first) };
    const none = grown.ours.run < grown.theirs.run + 50 && grownMiB(ours, second).run > 100;
    this.check("a session on device 1 takes no memory of device 0 beyond ONNX Runtime's", none, grown);
  }

  async workers() {
    const options = this.options;
    const workers = [0, 1].map(
      (device) => new Worker(file, { workerData: { role: 'worker', device, options } }),
    );
    const next = (worker) =>
      new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject));
    await Promise.all(workers.map(next));
    await this.forget();
    const answers = workers.map(next);
    for (const worker of workers) worker.postMessage('go');
    const told = await Promise.all(answers);
    const right = told.every((one, i) => one.device.uuid === this.uuids[i] && this.clean(one));
    const { overlap, parallel } = this.together(told);
    this.check('a worker thread for each device, at once', right && parallel, {
      overlap,
      boards: told.map(({ board }) => board),
    });
    this.alike('worker threads', told);
    await Promise.all(workers.map((worker) => worker.terminate()));
  }

  async visible() {
    const [first, second] = this.uuids;
    const cases = [
      ['1,0', [second, first]],
      [`${second},${first}`, [second, first]],
      ['1', [second]],
      [second, [second]],
    ];
    const children = cases.map(([devices, expected]) =>
      child(file, process.argv.slice(2), {
        MJ_ROLE: 'visible',
        MJ_DEVICE: String(expected.length),
        CUDA_VISIBLE_DEVICES: devices,
      }),
    );
    // Their start takes longest, and is no work on a board.
    await Promise.all(children.map(({ next }) => next()));
    for (const [i, [devices, expected]] of cases.entries()) {
      await this.forget();
      const answer = children[i].next();
      children[i].started.send('go');
      const told = await answer;
      const right = Array.isArray(told) && told.every((one, d) => this.rose(one, expected[d]));
      this.check(`CUDA_VISIBLE_DEVICES='${devices}'`, right, told);
    }
  }

  async commands() {
    const { roots, onnxruntime, libraryFolders = [] } = standIns() ?? {};
    const report = await probe(standIns() ?? {});
    const shown = report.gpus.map(({ uuid }) => uuid);
    this.check(
      'probe shows the boards',
      this.uuids.every((uuid) => shown.includes(uuid)),
      { shown },
    );
    const folder = mkdtempSync(join(tmpdir(), 'mj-several-'));
    const model = join(folder, 'model.onnx');
    writeFileSync(model, resident(gpus.sizeOfLoad(), 2));
    const found = [
      ...(roots ? ['--nvml', roots.nvml, '--onnxruntime', onnxruntime] : []),
      ...libraryFolders.flatMap((one) => ['--library-folder', one]),
    ];
    const how = ['--ep', 'cuda', '--gpu', '1', '--min-duration', '1s', '--idle', '400ms', '--json', ...found];
    const main = join(root, 'dist/cli/main.js');
    const told = JSON.parse(
      execFileSync(process.execPath, [main, 'infer', model, ...how], { encoding: 'utf8' }),
    );
    rmSync(folder, { recursive: true });
    const { board } = told.energy;
    const named = told.conditions.devices.find(({ id }) => id === board?.id);
    this.check(
      'infer --gpu 1 measures the second',
      named?.uuid === this.uuids[1] && board.status !== 'unsupported',
      {
        uuid: named?.uuid,
        status: board?.status,
        joules: board?.value,
      },
    );
  }
}

if (!gpus.playsRole()) await main();
