// The figures of docs/results/*-cuda.json: `infer` on the CUDA provider, and what the sampler costs.
//   node bench/gpu/spine.mjs OUT.json RESNET50.onnx [--rounds 2] [--seconds 4]
// Every cell is a process of its own; rounds are interleaved, because clocks drift.
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs, promisify } from 'node:util';

const require = createRequire(import.meta.url);
const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../..');
const { Meter, probe } = require(join(root, 'dist/index.js'));
const run = promisify(execFile);
const cli = join(root, 'dist/cli/main.js');

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rounds: { type: 'string', default: '2' },
    seconds: { type: 'string', default: '4' },
    ep: { type: 'string', default: 'cuda' },
  },
});
const [out, resnet50] = positionals;
const cells = [
  { model: 'mobilenetv2', file: 'mobilenetv2', batch: 1 },
  { model: 'mobilenetv2', file: 'mobilenetv2', batch: 64 },
  { model: 'resnet50', file: resnet50, batch: 1 },
  { model: 'resnet50', file: resnet50, batch: 64 },
];

const result = {
  date: new Date().toISOString(),
  probe: await probe(),
  sampler: await samplerCost(),
  cells: [],
};
for (let round = 0; round < Number(values.rounds); round += 1) {
  for (const cell of cells) {
    const row = await infer(cell);
    result.cells.push({ round, ...row });
    writeFileSync(out, `${JSON.stringify(result, null, 1)}\n`);
  }
}

async function infer({ model, file, batch }) {
  const args = [
    'infer',
    file,
    '--ep',
    values.ep,
    '--batch',
    String(batch),
    '--min-duration',
    `${values.seconds}s`,
    '--json',
  ];
  try {
    const { stdout, stderr } = await run(process.execPath, [cli, ...args], { maxBuffer: 1 << 28 });
    const row = JSON.parse(stdout);
    const board = row.energy.board;
    process.stdout.write(
      `${model} batch ${batch}: p50 ${row.latency.p50.toFixed(3)} ms, ${row.repetitions} runs; per run ` +
        `${board.status} caused ${mJ(board.perInference)} gross ${mJ(board.gross, row.repetitions)}${stderr ? ` STDERR ${stderr}` : ''}\n`,
    );
    return { model, ...row, stderr };
  } catch (error) {
    process.stdout.write(`${model} batch ${batch}: FAILED ${error.stderr ?? error.message}\n`);
    return { model, batch, failed: String(error.stderr ?? error.message) };
  }
}

function mJ(quantity, n = 1) {
  if (!quantity) return 'none';
  const show = (x) => ((x / n) * 1000).toFixed(2);
  return `${show(quantity.value)} ± ${show(quantity.uncertainty)} (± ${show(quantity.combinedUncertainty)}) mJ`;
}

async function samplerCost() {
  const costs = {};
  for (const sampling of ['continuous', 'windows']) {
    const meter = await Meter.open({ sampling });
    await new Promise((resolve) => setTimeout(resolve, 20_000));
    costs[sampling] = meter.statistics();
    await meter.close();
  }
  for (const [sampling, { threads }] of Object.entries(costs)) {
    for (const t of threads) {
      process.stdout.write(
        `${sampling} ${t.name}: ${((100 * t.cpuMs) / t.aliveMs).toFixed(3)} % of a core, ${t.reads} reads, ${t.late} late\n`,
      );
    }
  }
  return costs;
}
