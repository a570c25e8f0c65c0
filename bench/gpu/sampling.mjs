// What sampling costs the inference beside it: the meter open and closed in turn, in random order, and the median
// latency of each short loop. node bench/gpu/sampling.mjs OUT [--model FILE.onnx] [--pairs 30] [--loop-ms 300]
//   [--paths device,graph] [--rehearse]
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pairedRatio } from '../lib/statistics.mjs';
import { boardOf, commandLine, describe, openMeter, randomOf, shuffle } from './lib/board.mjs';
import { CELLS, medianLatencyMs, openCell } from './lib/cells.mjs';

const require = createRequire(import.meta.url);
const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../..');

const options = commandLine(
  {
    model: { type: 'string', default: 'resnet50' },
    batch: { type: 'string', default: '1' },
    cells: { type: 'string', default: 'cuda-graph,cuda-device' },
    pairs: { type: 'string', default: '30' },
    'loop-ms': { type: 'string', default: '300' },
  },
  { model: 'mobilenetv2', cells: 'cpu-host', pairs: '6' },
);
const random = randomOf(options.seed);
const board = boardOf(options);
const results = [];
try {
  for (const name of String(options.cells).split(',')) results.push(await measureCell(name));
} finally {
  board.close();
}
writeFileSync(join(options.out, 'sampling.json'), `${JSON.stringify(results)}\n`);

async function measureCell(name) {
  const models = require(join(root, 'models'));
  const tensors = models.makeInputs(options.model, { batch: options.batch });
  const file = await models.cachedModel(options.model, { seed: 0 });
  const cell = await openCell({ name, file, model: options.model, batch: options.batch, tensors });
  const about = await describe(board, options, cell.session);
  const open = await cell.session.openPath(cell.feeds, cell.path);
  const pairs = [];
  for (let i = 0; i <= options.pairs; i++) {
    const pair = {};
    for (const sampling of shuffle(['on', 'off'], random)) {
      const meter = sampling === 'on' ? await openMeter(board) : undefined;
      pair[sampling] = await medianLatencyMs(cell, open, options['loop-ms']);
      await meter?.close();
    }
    if (i > 0) pairs.push(pair); // the first warms up
  }
  await open.close();
  await cell.close();
  const ratio = pairedRatio(
    pairs.map(({ on }) => on),
    pairs.map(({ off }) => off),
    random,
  );
  const percent = (x) => `${(100 * (x - 1)).toFixed(2)} %`;
  console.log(
    `${options.model} batch ${options.batch} ${CELLS[name].path} ${name}: sampling on against off ${percent(ratio.value)} ` +
      `(95 % interval ${percent(ratio.lo)} to ${percent(ratio.hi)}), ${pairs.length} pairs`,
  );
  return { cell: name, about, pairs, ratio };
}
