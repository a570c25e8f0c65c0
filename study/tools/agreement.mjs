#!/usr/bin/env node
// Whether the runtimes compute the same: each installed one against ONNX Runtime with the built-in file, natively and
// through its own export; and whether its worker conforms. Writes docs/agreement.md. About 15 minutes.
//   node study/tools/agreement.mjs [--threads N] [--model NAME]... [--runtime NAME]... [--batch N]... [--out FILE]
//        [--provider cuda] [--no-exports]     with cuda: TF32 off, ONNX Runtime stays on the CPU
// Needs a built clone (node tools/setup.mjs) and environments (microjoule-study setup-runtimes).
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, release, tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { parseArgs } from 'node:util';

const require = createRequire(import.meta.url);
const study = join(import.meta.dirname, '..');
const models = require(join(study, '..', 'models', 'dist', 'index.js'));
const { runConformance } = require(join(study, 'dist', 'runtimes', 'conformance.js'));
const { agreementOf } = require(join(study, 'dist', 'run', 'agreement.js'));
const { Worker } = require(join(study, 'dist', 'worker', 'client.js'));
const { workerCommand } = require(join(study, 'dist', 'worker', 'command.js'));

const RUNTIMES = ['pytorch', 'tensorflow', 'mxnet'];
const MODELS = ['mobilenetv2', 'resnet50', 'bert-base'];
const CALL_PATHS = {
  pytorch: ['eager', 'compile', 'cuda_graph'],
  tensorflow: ['call', 'predict'],
  mxnet: [],
};
const SEQUENCE_LENGTH = 64;
const INFERENCES = 5;
const TOLERANCE = 1e-4;
// Compilation by torch.compile, and MXNet's exporter, take minutes on a busy machine.
const TIMEOUT_SECONDS = 900;

const { values: given } = parseArgs({
  options: {
    threads: { type: 'string', default: '1' },
    model: { type: 'string', multiple: true, default: MODELS },
    runtime: { type: 'string', multiple: true, default: RUNTIMES },
    batch: { type: 'string', multiple: true, default: ['1', '2'] },
    provider: { type: 'string', default: 'cpu' },
    'no-exports': { type: 'boolean', default: false },
    out: { type: 'string', default: join(study, 'docs', 'agreement.md') },
  },
});
const threads = Number(given.threads);
const batches = given.batch.map(Number);
const SETUP =
  given.provider === 'cpu'
    ? { provider: 'cpu', precision: {}, options: {}, threads }
    : { provider: given.provider, precision: { tf32: false }, options: {} };
const ON_CPU = { provider: 'cpu', precision: {}, options: {}, threads };
const scratch = mkdtempSync(join(tmpdir(), 'microjoule-agreement-'));
const say = (text) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);

/** Weights, ONNX file and inputs of a model at a batch size. */
async function filesOf(model, batch) {
  const onnx = await models.cachedModel(model, { seed: 0 });
  const out = join(scratch, `${model}-${batch}`);
  const files = await models.writeInputs(model, { out, batch, seed: 0, sequenceLength: SEQUENCE_LENGTH });
  return {
    onnx,
    weights: join(dirname(onnx), 'weights.safetensors'),
    inputs: Object.fromEntries(files.map((file) => [basename(file, '.npy'), file])),
  };
}

/** A worker from hello to close; `body` asks in between. */
async function withWorker(runtime, body) {
  const { program, args, missing } = workerCommand(runtime, {});
  if (missing) throw new Error(`${missing.reason} ${missing.remedy}`);
  const worker = await Worker.start({ program, args, cwd: scratch, log: join(scratch, `${runtime}.log`) });
  const ask = async (request) => (await worker.request(request, TIMEOUT_SECONDS)).answer;
  try {
    const hello = await ask({ op: 'hello', protocol: 1 });
    const result = await body(ask, hello);
    await worker.close(TIMEOUT_SECONDS);
    return result;
  } finally {
    await worker.killed();
  }
}

const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];

/** Loads and runs one model; its outputs, and how long it took. */
async function runModel(ask, model, batch, files, name, setup) {
  const { onnx, weights, inputs } = files;
  const shape = { batch, sequenceLength: SEQUENCE_LENGTH };
  const loaded = await ask({ op: 'load', model, weights, onnx, ...shape, ...setup });
  await ask({ op: 'prepare', inputs, batch });
  const [first] = (await ask({ op: 'infer', n: 1 })).durationsMs;
  const { durationsMs, synchronised } = await ask({ op: 'infer', n: INFERENCES });
  const folder = join(scratch, `${name}-${model}-${batch}`);
  mkdirSync(folder, { recursive: true });
  const { outputs } = await ask({ op: 'outputs', folder });
  return { loaded, outputs, first, ms: median(durationsMs), by: synchronised.by };
}

const failed = (error) => ({ error: error.message.trim().split('\n')[0].slice(0, 300) });

/** ONNX Runtime's outputs of a file, as an answer or an error. */
const inOnnxRuntime = (model, batch, files, name) =>
  withWorker('onnxruntime', (ask) => runModel(ask, model, batch, files, name, ON_CPU)).catch(failed);

async function cell(runtime, model, batch, files, reference, more = {}) {
  const path = more.callPath ?? 'default';
  say(`${runtime} ${model} batch ${batch} ${path}`);
  const name = `${runtime}-${path}`;
  const setup = { ...SETUP, ...more };
  const result = await withWorker(runtime, (ask) => runModel(ask, model, batch, files, name, setup)).catch(
    failed,
  );
  const agreement = result.error ? undefined : agreementOf(result.outputs, reference.outputs, TOLERANCE);
  return { runtime, model, batch, ...result, agreement };
}

/** The runtime's export of a model, run in ONNX Runtime. */
async function exported(runtime, model, files, reference) {
  say(`${runtime} ${model} export`);
  const path = join(scratch, `${runtime}-${model}.onnx`);
  const load = {
    op: 'load',
    model,
    weights: files.weights,
    batch: batches[0],
    sequenceLength: SEQUENCE_LENGTH,
  };
  const started = Date.now();
  const written = await withWorker(runtime, async (ask) => {
    await ask({ ...load, ...SETUP });
    return ask({ op: 'export', path, batch: batches[0], sequenceLength: SEQUENCE_LENGTH });
  }).catch(failed);
  const seconds = (Date.now() - started) / 1000;
  if (written.error) return { runtime, model, seconds, error: written.error };
  const result = await inOnnxRuntime(model, batches[0], { ...files, onnx: path }, `export-${runtime}`);
  const agreement = result.error ? undefined : agreementOf(result.outputs, reference.outputs, TOLERANCE);
  return { runtime, model, seconds, ...written, ...result, agreement };
}

async function conforms(runtime, files) {
  say(`${runtime} conformance`);
  const { program, args } = workerCommand(runtime, {});
  const load = runtime === 'onnxruntime' ? ON_CPU : SETUP;
  const what = { model: 'mobilenetv2', batch: batches[0], sequenceLength: SEQUENCE_LENGTH, ...files };
  const subject = { ...what, provider: load.provider, outputs: ['logits'], load };
  const { checks } = await runConformance([program, ...args], { subject });
  return { runtime, checks };
}

function verdict({ error, agreement }) {
  if (error) return `fails: ${error.replaceAll('|', '/')}`;
  if (!agreement.compared) return `not compared: ${agreement.reason}`;
  return `${agreement.agrees ? '' : 'DISAGREES: '}${agreement.error.toExponential(1)}`;
}

const milliseconds = (value) => (value === undefined ? '' : value.toPrecision(3));
const row = (...cells) => `| ${cells.join(' | ')} |`;

function page({ hellos, cells, exports, conformance, references }) {
  const node = `Node ${process.versions.node}, Linux ${release()}, ${cpus().length} logical CPUs of ${cpus()[0].model.trim()}`;
  return [
    '# Agreement of the runtimes',
    '',
    `Made by \`node study/tools/agreement.mjs\` on ${new Date().toISOString().slice(0, 10)}: ${node}.`,
    `Provider ${given.provider}, ${threads} thread(s) on the CPU, fp32, weights of seed 0, ${SEQUENCE_LENGTH} tokens. The error is the largest difference from ONNX Runtime with the built-in file over`,
    `the largest value, of the worst output; the tolerance is ${TOLERANCE}. Times were taken beside other work on the same cores: they`,
    'show that it ran, and compare nothing.',
    '',
    '## Versions',
    '',
    row('runtime', 'versions', 'GPU'),
    row('---', '---', '---'),
    ...hellos.map(({ runtime, versions, gpu }) =>
      row(
        runtime,
        Object.entries(versions)
          .map((v) => v.join(' '))
          .join(', '),
        gpu.usable ? gpu.name : gpu.reason,
      ),
    ),
    '',
    '## Natively',
    '',
    row('runtime', 'model', 'batch', 'call path', 'weights', 'error', 'first ms', 'median ms'),
    row('---', '---', '---:', '---', '---', '---', '---:', '---:'),
    ...references.map((r) =>
      row(
        'onnxruntime',
        r.model,
        r.batch,
        'run',
        'exact',
        r.error ?? 'reference',
        milliseconds(r.first),
        milliseconds(r.ms),
      ),
    ),
    ...cells.map((c) =>
      row(
        c.runtime,
        c.model,
        c.batch,
        c.loaded?.callPath ?? '',
        c.loaded?.weights ?? '',
        verdict(c),
        milliseconds(c.first),
        milliseconds(c.ms),
      ),
    ),
    '',
    '## Exported, and run in ONNX Runtime',
    '',
    row('from', 'model', 'exporter', 'opset', 'to load and export, s', 'error', 'median ms'),
    row('---', '---', '---', '---:', '---:', '---', '---:'),
    ...exports.map((e) =>
      row(
        e.runtime,
        e.model,
        e.exporter ?? '',
        e.opset ?? '',
        e.seconds.toFixed(0),
        verdict(e),
        milliseconds(e.ms),
      ),
    ),
    '',
    '## Conformance of the workers',
    '',
    ...conformance.flatMap(({ runtime, checks }) => [
      `- ${runtime}: ${checks.filter(({ status }) => status === 'passed').length} of ${checks.length} checks passed.`,
      ...checks
        .filter(({ status }) => status !== 'passed')
        .map((c) => `  - ${c.status}: ${c.name}. ${c.reason ?? ''}`),
    ]),
    '',
  ].join('\n');
}

async function main() {
  const found = { hellos: [], cells: [], exports: [], conformance: [], references: [] };
  for (const runtime of ['onnxruntime', ...given.runtime]) {
    found.hellos.push({ runtime, ...(await withWorker(runtime, async (_, hello) => hello)) });
  }
  for (const model of given.model) {
    for (const batch of batches) {
      const files = await filesOf(model, batch);
      say(`onnxruntime ${model} batch ${batch}`);
      const reference = await inOnnxRuntime(model, batch, files, 'reference');
      found.references.push({ model, batch, ...reference });
      if (reference.error) throw new Error(`ONNX Runtime does not run ${model}: ${reference.error}`);
      if (model === 'mobilenetv2' && batch === batches[0])
        found.conformance.push(await conforms('onnxruntime', files));
      for (const runtime of given.runtime) {
        found.cells.push(await cell(runtime, model, batch, files, reference));
        if (batch !== batches[0]) continue;
        if (!given['no-exports']) found.exports.push(await exported(runtime, model, files, reference));
        if (model !== 'mobilenetv2') continue; // Once is enough of what follows.
        for (const callPath of CALL_PATHS[runtime]) {
          if (callPath === 'cuda_graph' && given.provider === 'cpu') continue;
          found.cells.push(await cell(runtime, model, batch, files, reference, { callPath }));
        }
        found.conformance.push(await conforms(runtime, files));
      }
      writeFileSync(given.out, page(found));
    }
  }
  // An export that fails is an answer, a model that does not run is none.
  const wrong = [...found.cells, ...found.exports.filter((e) => !e.error)].filter(
    (c) => !c.agreement?.agrees,
  );
  for (const c of wrong) say(`${c.runtime} ${c.model}: ${verdict(c)}`);
  process.exitCode = wrong.length > 0 ? 1 : 0;
}

await main().finally(() => rmSync(scratch, { recursive: true, force: true }));
