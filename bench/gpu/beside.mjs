// Times only, where one percent matters: short loops of ours and of another, pair by pair, so that a machine whose
// processors change their speed from second to second meets both.
//   node bench/gpu/beside.mjs OUT [--models resnet50,…] [--batches 1,64] [--cells cuda-host,cuda-device,cuda-graph]
//     [--peers cuda] [--pairs 60] [--loop-ms 80] [--calls 8] [--engine-cache FOLDER] [--library-folder FOLDER …] [--rehearse]
// 1. session.measure's loop beside the bare C++ loop, both threads on one logical CPU, which changes from pair to pair.
// 2. run() on the calling thread and on the session's beside onnxruntime-node's run(), a few calls each in turn. It ignores
//    freeDimensionOverrides, so no side has them: fixed dimensions make another graph.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { median, pairedRatio } from '../lib/statistics.mjs';
import { BareLoop } from './lib/bare.mjs';
import { boardOf, commandLine, describe, list, randomOf, shuffle } from './lib/board.mjs';
import { CELLS, medianLatencyMs, openCell, openRuns, SEQUENCE } from './lib/cells.mjs';

const require = createRequire(import.meta.url);
const models = require('../../models');
const WARM_UP_RUNS = 5;
const WARM_UP_CALLS = 2;

const options = commandLine(
  {
    models: { type: 'string', default: 'resnet50,mobilenetv2,bert-base' },
    batches: { type: 'string', default: '1,64' },
    cells: { type: 'string', default: 'cuda-host,cuda-device,cuda-graph' },
    peers: { type: 'string', default: 'cuda' },
    pairs: { type: 'string', default: '60' },
    'loop-ms': { type: 'string', default: '80' },
    calls: { type: 'string', default: '8' },
    'engine-cache': { type: 'string', default: '' },
    'library-folder': { type: 'string', multiple: true, default: [] },
  },
  { models: 'mobilenetv2', batches: '1', cells: 'cpu-host', peers: 'cpu', pairs: '8', 'loop-ms': '40' },
);
const random = randomOf(options.seed);
const engineCache = options['engine-cache'] || join(options.out, 'engines');
mkdirSync(engineCache, { recursive: true });

const board = boardOf(options);
const bare = new BareLoop('');
const record = { loops: [], calls: [] };
const cpus = allowedCpus();
console.log(`logical CPUs: ${cpus.join(', ')}`);
try {
  for (const model of list(options.models)) {
    const file = await models.cachedModel(model, { seed: 0 });
    for (const batch of list(options.batches)) {
      const subject = {
        model,
        batch: Number(batch),
        file,
        tensors: models.makeInputs(model, { batch: Number(batch), sequenceLength: SEQUENCE }),
      };
      for (const name of list(options.cells)) await compareLoops(name, subject);
      for (const provider of list(options.peers)) await compareRuns(provider, subject);
    }
  }
} finally {
  bare.close();
  board.close();
}

async function compareLoops(name, subject) {
  const at = { model: subject.model, batch: subject.batch, name };
  await recorded(record.loops, at, async () => {
    const pairs = await besideBareLoop(name, subject);
    tell(record.loops, { ...at, pairs });
  });
}

async function compareRuns(provider, subject) {
  const at = { model: subject.model, batch: subject.batch, name: `${provider} run()` };
  await recorded(record.calls, at, async () => {
    const rounds = await besideTheirRun(provider, subject);
    for (const [side, thread] of Object.entries({ caller: 'the calling', session: "the session's" })) {
      const pairs = rounds.map(({ [side]: ours, theirs }) => ({ ours, theirs }));
      tell(record.calls, { ...at, name: `${at.name} on ${thread} thread`, pairs });
    }
  });
}

function tell(rows, { pairs, ...at }) {
  const [ours, theirs] = ['ours', 'theirs'].map((side) => pairs.map((pair) => pair[side]));
  const ratio = pairedRatio(ours, theirs, random);
  rows.push({ ...at, ours: median(ours), theirs: median(theirs), ratio, pairs });
  console.log(
    `${at.model} batch ${at.batch} ${at.name}: ${median(ours).toFixed(4)} ms, theirs ${median(theirs).toFixed(4)} ms, ` +
      `ratio ${ratio.value.toFixed(4)} (${ratio.lo.toFixed(4)} to ${ratio.hi.toFixed(4)})`,
  );
}

async function recorded(rows, at, comparison) {
  try {
    await comparison();
  } catch (error) {
    rows.push({ ...at, failed: error.message });
    console.log(`${at.model} batch ${at.batch} ${at.name}: failed: ${error.message}`);
  }
  writeFileSync(join(options.out, 'beside.json'), `${JSON.stringify(record)}\n`);
}

async function besideBareLoop(name, { model, batch, file, tensors }) {
  const before = threadsNamed('mj-executor');
  const libraryFolders = options['library-folder'];
  const cell = await openCell({ name, file, model, batch, tensors, engineCache, libraryFolders });
  const executor = threadsNamed('mj-executor').find((id) => !before.includes(id));
  record.about ??= await describe(board, options, cell.session);
  const loop = bare.open(cell.bare, WARM_UP_RUNS);
  const open = await cell.session.openPath(cell.feeds, CELLS[name].path);
  const sides = {
    ours: () => medianLatencyMs(cell, open, options['loop-ms'], WARM_UP_RUNS),
    theirs: async () => median((await loop.measure(options['loop-ms'] / 1000)).durationsMs),
  };
  const pairs = [];
  for (let i = 0; i < options.pairs; i++) {
    const cpu = cpus[i % cpus.length];
    for (const thread of [executor, loop.pid]) pin(thread, cpu);
    pairs.push({ cpu, ...(await inTurn(sides)) });
  }
  await open.close();
  loop.close();
  await cell.close();
  return pairs;
}

async function besideTheirRun(provider, { model, batch, file, tensors }) {
  const runs = await openRuns({ provider, file, tensors });
  record.about ??= await describe(board, options, runs.about);
  const timed = async (run) => {
    const durations = [];
    for (let i = 0; i < WARM_UP_CALLS + options.calls; i++) {
      const start = process.hrtime.bigint();
      await run();
      durations.push(Number(process.hrtime.bigint() - start) / 1e6);
    }
    return median(durations.slice(WARM_UP_CALLS));
  };
  const sides = Object.fromEntries(
    ['caller', 'session', 'theirs'].map((side) => [side, () => timed(runs[side])]),
  );
  await inTurn(sides);
  const pairs = [];
  // As long in all as the loops take.
  const pairMs = 2 * options.calls * Math.max(1, await timed(runs.theirs));
  const count = Math.min(400, Math.ceil((options.pairs * 2 * options['loop-ms']) / pairMs));
  console.log(`${model} batch ${batch}: ${count} rounds of ${options.calls} calls`);
  for (let i = 0; i < count; i++) pairs.push(await inTurn(sides));
  await runs.close();
  return pairs;
}

/** All sides, one after the other, in random order. */
async function inTurn(sides) {
  const pair = {};
  for (const [side, run] of shuffle(Object.entries(sides), random)) pair[side] = await run();
  return pair;
}

/** Threads of this process by the name they gave themselves. */
function threadsNamed(name) {
  const tasks = '/proc/self/task';
  return readdirSync(tasks).filter((id) => readFileSync(`${tasks}/${id}/comm`, 'utf8').trim() === name);
}

function pin(thread, cpu) {
  execFileSync('taskset', ['-cp', String(cpu), String(thread)], { stdio: 'ignore' });
}

/** That this process may run on; the main thread keeps all of them. */
function allowedCpus() {
  const [, ranges] = readFileSync('/proc/self/status', 'utf8').match(/^Cpus_allowed_list:\s*(.*)$/m);
  return ranges.split(',').flatMap((range) => {
    const [first, last = first] = range.split('-').map(Number);
    return Array.from({ length: last - first + 1 }, (_, i) => first + i);
  });
}
