// Phases of an inference on a GPU: copy in, compute, copy out, their sum against the whole, and beside it what `measure`
// says of a whole run.
//   node bench/gpu/phases.mjs OUT [--cases resnet50:64,resnet50:1,bert-base:64] [--cells cuda-device,cuda-graph]
//     [--memory pageable,pinned] [--seconds 25] [--seed 1] [--library-folder FOLDER …] [--rehearse]
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { commandLine, describe, list, openMeter } from './lib/board.mjs';
import { openCell, SEQUENCE } from './lib/cells.mjs';
import { beginWithFakeDriver, fakeGpu } from './lib/fake-gpu.mjs';

const require = createRequire(import.meta.url);
const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../..');
const options = commandLine(
  {
    cases: { type: 'string', default: 'resnet50:64,resnet50:1,bert-base:64' },
    cells: { type: 'string', default: 'cuda-device,cuda-graph' },
    memory: { type: 'string', default: 'pageable,pinned' },
    seconds: { type: 'string', default: '25' },
    'beside-seconds': { type: 'string', default: '4' },
    'library-folder': { type: 'string', multiple: true, default: [] },
  },
  { cases: 'mobilenetv2:1', cells: 'cuda-device', memory: 'pageable', seconds: '5', 'beside-seconds': '1' },
);
if (options.rehearse) beginWithFakeDriver();
const board = options.rehearse
  ? fakeGpu()
  : { roots: {}, libraryFolders: options['library-folder'], close() {} };
const models = require(join(root, 'models'));
const record = { about: undefined, cells: [], skipped: [] };

try {
  const meter = await openMeter(board);
  for (const one of list(options.cases)) {
    const [model, batch] = one.split(':');
    const file = await models.cachedModel(model, { seed: 0 });
    const tensors = models.makeInputs(model, { batch: Number(batch), sequenceLength: SEQUENCE });
    for (const name of list(options.cells))
      await cell(meter, { name, file, model, batch: Number(batch), tensors });
  }
  await meter.close();
} finally {
  board.close();
}

async function cell(meter, about) {
  const at = { model: about.model, batch: about.batch, cell: about.name };
  const { libraryFolders, onnxruntime } = board;
  try {
    const opened = await openCell({ ...about, libraryFolders, onnxruntime, engineCache: options.out });
    record.about ??= await describe(board, options, opened.session);
    for (const memory of list(options.memory)) {
      const row = { ...at, memory, ...(await measured(meter, opened, memory)) };
      record.cells.push(row);
      writeFileSync(join(options.out, 'phases.json'), `${JSON.stringify(record)}\n`);
      print(row);
    }
    await opened.close();
  } catch (error) {
    console.log(`${at.model} batch ${at.batch} ${at.cell}: skipped: ${error.message}`);
    record.skipped.push({ ...at, reason: error.message });
  }
}

async function measured(meter, { session, feeds }, memory) {
  const pinned = memory === 'pinned';
  const { seed } = options;
  const m = await session.measurePhases(feeds, { meter, seed, pinned, durationMs: options.seconds * 1000 });
  const paths = session.graphCapture ? ['device'] : [pinned ? 'pinned' : 'host', 'device'];
  const beside = {};
  for (const dataPath of paths) {
    const minDurationMs = options['beside-seconds'] * 1000;
    const { energy, latency, repetitions } = await session.measure(feeds, { meter, dataPath, minDurationMs });
    const { status, perInference, gross } = energy.board;
    beside[dataPath] = { p50: latency.p50, status, net: perInference, gross, repetitions };
  }
  return { phases: plain(m), beside };
}

/** Without what is long. */
function plain(m) {
  const long = ['durations', 'timeline', 'outputs', 'segments'];
  return JSON.parse(
    JSON.stringify(m, (key, value) => (long.includes(key) && typeof value === 'object' ? undefined : value)),
  );
}

function print({ model, batch, cell: name, memory, phases: m, beside }) {
  const mJ = (q) =>
    q ? `${(1e3 * q.value).toPrecision(4)} ± ${(1e3 * q.uncertainty).toPrecision(2)} mJ` : '-';
  const watts = (q) => (q ? `${q.value.toFixed(1)} ± ${q.uncertainty.toFixed(1)} W` : '-');
  console.log(`\n${model} batch ${batch} ${name}, ${memory} memory: ${m.plan.sentence}`);
  for (const [label, phase] of Object.entries({ ...m.phases, whole: m.whole })) {
    const { status, power, gross, net, reason } = phase.board;
    console.log(
      `  ${label.padEnd(12)} ${phase.timePerCall.value.toFixed(4)} ms (p50 ${phase.latency.p50.toFixed(4)}, p99 ${phase.latency.p99.toFixed(4)}, ` +
        `inside p50 ${phase.inside?.p50.toFixed(4) ?? '-'}): ${watts(power)}, gross ${mJ(gross)}, net ${mJ(net)} ${net?.status ?? ''} ${status} ${reason ?? ''}`,
    );
  }
  console.log(`  idle ${watts(m.idle.scopes[m.whole.board.id])}`);
  const { board: closed, time } = m.closure;
  const share = ({ difference, whole }) =>
    `${((100 * difference.value) / whole.value).toFixed(2)} ± ${((100 * difference.uncertainty) / whole.value).toFixed(2)} %`;
  console.log(
    `  sum less whole: time ${share(time)}; energy ${closed?.gross ? `gross ${share(closed.gross)}` : closed?.reason}${closed?.net ? `, net ${share(closed.net)}` : ''}`,
  );
  const channel = m.attribution.scopes[m.whole.board.id];
  console.log(`  interaction: ${JSON.stringify(channel?.interaction)}; ${channel?.notes?.join(' ')}`);
  for (const [path, { p50, net, status }] of Object.entries(beside)) {
    console.log(`  measure, ${path}: p50 ${p50.toFixed(4)} ms, net ${mJ(net)} ${status}`);
  }
}
