// The matrix of docs/results: models x batch sizes x data paths, interleaved in one sitting, each beside a bare C++ loop
// over the same library and onnxruntime-node's run() in this process. Tables: analyse-matrix.mjs OUT/matrix.json
//   node bench/gpu/matrix.mjs OUT [--models resnet50,mobilenetv2,bert-base] [--batches 1,64] [--cells cuda-host,…]
//     [--seconds 1] [--rounds 6] [--quiet-ms 500] [--settle-ms 2200] [--file resnet50=FILE.onnx …] [--bare PROGRAM] [--peers cuda]
//     [--engine-cache FOLDER] [--library-folder FOLDER …] [--rehearse]
import { mkdirSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { BareLoop } from './lib/bare.mjs';
import { boardOf, commandLine, describe, list, openMeter, randomOf, shuffle } from './lib/board.mjs';
import { CELLS, openCell, SEQUENCE } from './lib/cells.mjs';

const require = createRequire(import.meta.url);
const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../..');

const options = commandLine(
  {
    models: { type: 'string', default: 'resnet50,mobilenetv2,bert-base' },
    batches: { type: 'string', default: '1,64' },
    cells: { type: 'string', default: 'cuda-host,cuda-device,cuda-graph,tensorrt-host,tensorrt-device' },
    seconds: { type: 'string', default: '1' },
    rounds: { type: 'string', default: '6' },
    warmup: { type: 'string', default: '20' },
    'quiet-ms': { type: 'string', default: '500' },
    'settle-ms': { type: 'string', default: '2200' },
    file: { type: 'string', multiple: true, default: [] },
    bare: { type: 'string', default: '' },
    peers: { type: 'string', default: 'cuda,cpu' }, // whose run() is measured too
    'engine-cache': { type: 'string', default: '' },
    'library-folder': { type: 'string', multiple: true, default: [] },
  },
  { models: 'mobilenetv2', batches: '1', cells: 'cpu-host,cuda-host', seconds: '1', 'quiet-ms': '300' },
);
const random = randomOf(options.seed);
const files = Object.fromEntries(options.file.map((pair) => pair.split('=')));
const engineCache = options['engine-cache'] || join(options.out, 'engines');
mkdirSync(engineCache, { recursive: true });

const board = boardOf(options);
const bare = new BareLoop(options.bare);
const out = join(options.out, 'matrix.json');
const record = { cells: [], skipped: [] };

try {
  const meter = await openMeter(board);
  for (const model of list(options.models)) {
    for (const batch of list(options.batches)) await measureGroup(meter, model, Number(batch));
  }
  await meter.close();
} finally {
  bare.close();
  board.close();
}

async function measureGroup(meter, model, batch) {
  const models = await modelsPackage();
  const file = files[model] ?? (await models.cachedModel(model, { seed: 0 }));
  const tensors = models.makeInputs(model, { batch, sequenceLength: SEQUENCE });
  const opened = [];
  for (const name of list(options.cells)) {
    try {
      const cell = CELLS[name];
      if (cell === undefined) throw new Error(`No such cell; known: ${Object.keys(CELLS).join(', ')}.`);
      const peer = list(options.peers).includes(cell.provider) && cell.path === 'host';
      const ready = await openCell({
        name,
        file,
        model,
        batch,
        tensors,
        engineCache,
        libraryFolders: options['library-folder'],
        peer,
      });
      ready.loop = bare.open(ready.bare, options.warmup);
      opened.push(ready);
      record.about ??= await describe(board, options, ready.session);
      if (ready.peerFailed !== undefined) skip(model, batch, `${name} onnxruntime-node`, ready.peerFailed);
    } catch (error) {
      skip(model, batch, name, error.message);
    }
  }
  for (let round = 0; round < options.rounds; round++) {
    for (const cell of shuffle(opened, random)) {
      await measureCell(meter, cell, { model, batch, round });
      writeFileSync(out, `${JSON.stringify(record)}\n`);
    }
  }
  for (const cell of opened) {
    cell.loop.close();
    await cell.close();
  }
}

function skip(model, batch, cell, reason) {
  console.log(`${model} batch ${batch} ${cell}: skipped: ${reason}`);
  record.skipped.push({ model, batch, cell, reason });
}

async function modelsPackage() {
  return require(join(root, 'models'));
}

/** Ours, the bare loop, onnxruntime-node's run() and ours in random order. */
async function measureCell(meter, cell, at) {
  const row = { ...at, cell: cell.name };
  const sides = [
    ['ours', () => ours(meter, cell)],
    ['bare', () => bareLoop(meter, cell)],
    ...(cell.runs ? [['peer', () => awaited(meter, cell.runs.theirs)]] : []),
    ...(cell.runs ? [['run', () => awaited(meter, cell.runs.caller)]] : []),
  ];
  for (const [name, run] of shuffle(sides, random)) {
    try {
      row[name] = await run();
    } catch (error) {
      row[name] = { failed: error.message };
    }
  }
  record.cells.push(row);
  const show = ({ failed, p50 } = {}) => (failed ? `FAILED ${failed}` : p50 ? p50.toFixed(4) : '-');
  console.log(
    `${at.model} batch ${at.batch} ${cell.name} round ${at.round}: p50 ours ${show(row.ours)}, bare ${show(row.bare)}, ` +
      `run() ${show(row.run)}, onnxruntime-node ${show(row.peer)} ms`,
  );
}

async function ours(meter, { session, feeds, path }) {
  // The driver tells late of other processes' work: the bare loop's should not fall into our window.
  await sleep(options['settle-ms']);
  const m = await session.measure(feeds, {
    meter,
    dataPath: path,
    minDurationMs: options.seconds * 1000,
    warmup: options.warmup,
    idle: { beforeMs: options['quiet-ms'], afterMs: options['quiet-ms'] },
  });
  const { energy, ...rest } = m;
  return {
    ...latencyOf([...m.latency.durations]),
    runs: m.repetitions,
    board: boardEnergy(energy, m.repetitions),
    window: boardEnergy(await meter.energy(m.start, m.end), m.repetitions),
    placement: rest.placement,
    dataPath: rest.dataPath,
    graph: rest.graph,
    conditions: rest.conditions,
    versions: rest.versions,
  };
}

async function bareLoop(meter, cell) {
  const { start, end, durationsMs } = await cell.loop.measure(options.seconds);
  return {
    ...latencyOf(durationsMs),
    runs: durationsMs.length,
    window: boardEnergy(await meter.energy(start, end), durationsMs.length),
  };
}

/** As a program does it: one call after another, awaited. */
async function awaited(meter, run) {
  for (let i = 0; i < options.warmup; i++) await run();
  const durationsMs = [];
  const start = process.hrtime.bigint();
  let now = start;
  while (Number(now - start) < options.seconds * 1e9) {
    const before = process.hrtime.bigint();
    await run();
    now = process.hrtime.bigint();
    durationsMs.push(Number(now - before) / 1e6);
  }
  return {
    ...latencyOf(durationsMs),
    runs: durationsMs.length,
    window: boardEnergy(await meter.energy(start, now), durationsMs.length),
  };
}

function latencyOf(durationsMs) {
  const sorted = [...durationsMs].sort((a, b) => a - b);
  const at = (p) => sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)];
  return { p50: at(0.5), p90: at(0.9), p99: at(0.99), min: sorted[0] };
}

/** Millijoules per inference of the board, as status, net and gross; a figure with its expanded uncertainty. */
function boardEnergy(energy, runs) {
  const board = energy.board ?? energy.scopes?.['board-0'];
  if (board === undefined) return { status: 'unsupported', reason: 'There is no board.' };
  const each = (q) =>
    q?.value === undefined
      ? undefined
      : { mJ: (1000 * q.value) / runs, uncertaintyMj: (1000 * q.uncertainty) / runs };
  return {
    status: board.status,
    kind: board.kind,
    reason: board.reason,
    value: each(board),
    net: each(board.net),
    gross: each(board.gross),
  };
}
