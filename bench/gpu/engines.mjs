// What TensorRT's engines cost and when they are paid: for each model a build into an empty cache, its time and energy, the
// same session from the cache, and the number of runs after which the build is paid against CUDA.
//   node bench/gpu/engines.mjs OUT [--models resnet50,mobilenetv2,bert-base] [--batches 1] [--seconds 4] [--quiet-ms 2000]
//     [--path device] [--library-folder FOLDER …] [--rehearse]
// OUT/engines.json has everything; ends with 1 where something did not hold. --rehearse: on stand-ins, in seconds.
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { boardOf, commandLine, describe, list, openMeter } from './lib/board.mjs';
import { feedsOf, SEQUENCE } from './lib/cells.mjs';

const require = createRequire(import.meta.url);
const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../..');
const FAKES = join(root, 'build-test/native/test/fakes');
const { breakEven, InferenceSession } = require(join(root, 'dist/index.js'));

const options = commandLine(
  {
    models: { type: 'string', default: 'resnet50,mobilenetv2,bert-base' },
    batches: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '4' },
    'quiet-ms': { type: 'string', default: '2000' },
    path: { type: 'string', default: 'device' },
    'library-folder': { type: 'string', multiple: true, default: [] },
  },
  { models: 'mobilenetv2', seconds: '1', 'quiet-ms': '500', path: 'host' },
);
const quiet = { beforeMs: options['quiet-ms'], afterMs: options['quiet-ms'] };
const engineCache = join(options.out, 'engines');
const runtime = options.rehearse ? rehearsal() : undefined;
// The board of the stand-in for CUDA, at one power.
const board = boardOf(
  options,
  'device GPU-f0f1f2f3-f4f5-f6f7-f8f9-fafbfcfdfeff 00000000:A0:00.0 Fake H100\nbase 100\n',
);
const record = { rows: [], failed: [] };

try {
  const meter = await openMeter(board, { historySeconds: 3600 });
  for (const model of list(options.models)) {
    for (const batch of list(options.batches)) {
      try {
        await measureModel(meter, model, Number(batch));
      } catch (error) {
        fail(`${model} batch ${batch}`, error.stack);
      }
      writeFileSync(join(options.out, 'engines.json'), `${JSON.stringify(record, plain)}\n`);
    }
  }
  await meter.close();
} finally {
  board.close();
}
process.exitCode = record.failed.length > 0 ? 1 : 0;

async function measureModel(meter, model, batch) {
  const models = require(join(root, 'models'));
  const file = await models.cachedModel(model, { seed: 0 });
  const feeds = feedsOf(models.makeInputs(model, { batch, sequenceLength: SEQUENCE }));
  const free = model === 'bert-base' ? { batch, sequence: SEQUENCE } : { batch };
  const open = (provider) =>
    InferenceSession.create(file, {
      executionProviders: [provider],
      freeDimensionOverrides: free,
      libraryFolders: options['library-folder'],
      engineCache: provider === 'tensorrt' && engineCache,
      ...(runtime ?? {}),
    });
  const row = { model, batch };
  rmSync(engineCache, { recursive: true, force: true });
  await sleep(quiet.beforeMs);
  const first = await open('tensorrt');
  record.about ??= await describe(board, options, first);
  await sleep(quiet.afterMs);
  row.engine = first.engine;
  row.build = await first.buildCost(meter, { idle: quiet });
  await first.release();
  check(row.engine.state === 'built' && row.engine.kept, model, `the engine is ${row.engine.state}`);
  check(readdirSync(engineCache).length === 1, model, `the cache holds ${readdirSync(engineCache)}`);

  await sleep(quiet.beforeMs);
  const second = await open('tensorrt');
  await sleep(quiet.afterMs);
  row.reopened = second.engine;
  row.reopenedMs = Number(second.engine.creation.end - second.engine.creation.start) / 1e6;
  row.reopenedEnergy = (await meter.energy(second.engine.creation.start, second.engine.creation.end)).scopes;
  check(second.engine.state === 'cache', model, `the second session's engine is ${second.engine.state}`);
  check(row.reopenedMs < row.build.durationMs, model, 'opening from the cache took longer than the build');
  const recorded = await second.buildCost(meter);
  check(recorded.source === 'recorded' && recorded.board !== undefined, model, 'the cost was not recorded');
  row.tensorrt = await measured(meter, second, feeds);
  row.cuda = await measured(meter, await open('cuda'), feeds);
  row.breakEven = breakEven(recorded, row.cuda, row.tensorrt);
  record.rows.push(row);
  print(row);
}

async function measured(meter, session, feeds) {
  try {
    const m = await session.measure(feeds, {
      meter,
      dataPath: options.path,
      minDurationMs: options.seconds * 1000,
      idle: quiet,
      warmup: 20,
    });
    const { outputs, timeline, ...rest } = m;
    return { ...rest, energy: { ...m.energy, timeline: undefined } };
  } finally {
    await session.release();
  }
}

function print({ model, batch, engine, build, reopenedMs, reopenedEnergy, tensorrt, cuda, breakEven: paid }) {
  const { gross, net, netReason } = build.scopes[build.board] ?? {};
  const joules = (q) =>
    q?.value === undefined ? 'not told' : `${q.value.toFixed(1)} ± ${q.uncertainty.toFixed(1)} J`;
  const mj = ({ energy, repetitions }) => {
    const { gross: q = energy.board } = energy.board ?? {};
    return q?.value === undefined ? 'not told' : `${((1000 * q.value) / repetitions).toFixed(2)} mJ gross`;
  };
  console.log(
    `${model} batch ${batch}: built in ${(build.durationMs / 1000).toFixed(1)} s, ${(engine.bytes / 1e6).toFixed(1)} MB`,
  );
  console.log(`  energy of the build: ${joules(gross)} gross; above idle ${net ? joules(net) : netReason}`);
  for (const [id, energy] of Object.entries(build.scopes))
    if (id !== build.board && energy.gross.value !== undefined)
      console.log(`  ${id}: ${joules(energy.gross)} gross`);
  console.log(
    `  from the cache: ${(reopenedMs / 1000).toFixed(2)} s, ${joules(reopenedEnergy[build.board])} gross`,
  );
  console.log(
    `  tensorrt ${tensorrt.latency.p50.toFixed(3)} ms, ${mj(tensorrt)}; cuda ${cuda.latency.p50.toFixed(3)} ms, ${mj(cuda)}`,
  );
  console.log(`  ${paid.sentence}`);
  if (paid.energy.reason) console.log(`  energy: ${paid.energy.reason}`);
}

function check(holds, model, what) {
  if (!holds) fail(model, what);
}

function fail(where, what) {
  console.log(`${where}: FAILED: ${what}`);
  record.failed.push({ where, what });
}

/** As JSON: instants as text, latencies left out. */
function plain(key, value) {
  if (key === 'durations') return undefined;
  return typeof value === 'bigint' ? String(value) : value;
}

/** A folder of stand-ins for ONNX Runtime, CUDA and TensorRT; the driver's is found where the loader looks. */
function rehearsal() {
  if (process.env.MJ_FAKE_BUILD_MS === undefined) {
    const env = { ...process.env, MJ_FAKE_BUILD_MS: '1500', LD_LIBRARY_PATH: join(FAKES, 'cuda') };
    process.exit(spawnSync(process.execPath, process.argv.slice(1), { env, stdio: 'inherit' }).status ?? 1);
  }
  const folder = join(options.out, 'stand-ins');
  mkdirSync(folder, { recursive: true });
  for (const product of ['runtime', 'providers', 'cuda', 'cudnn', 'tensorrt'])
    cpSync(join(FAKES, 'gpu', product), folder, { recursive: true });
  const shared = join(folder, 'libonnxruntime_providers_shared.so');
  if (!existsSync(shared) || statSync(shared).size === 0)
    cpSync(join(FAKES, 'gpu/cuda/libcublasLt.so.13'), shared);
  return { onnxruntime: folder };
}
