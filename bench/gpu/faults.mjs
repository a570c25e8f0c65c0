// Long runs on a real device: out of memory by gpu_mem_limit and by a huge batch, each followed by a good run, and aborts
// of a long CUDA run, of a loop of graph replays and of a measurement. One line a case, PASS or FAIL, with its figures.
//   node bench/gpu/faults.mjs [OUT.json] [--batch 256] [--limit-mib 1024] [--huge 4000] [--library-folder FOLDER …] [--rehearse]
// Ends with 0 where all passed. `--rehearse`: on the processor, and so without the cases of the device's memory and of graphs.
import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

const require = createRequire(import.meta.url);
const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../..');
const { InferenceSession, Tensor } = require(join(root, 'dist/index.js'));
const models = require(join(root, 'models'));

const { values: options, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    batch: { type: 'string', default: '256' },
    'limit-mib': { type: 'string', default: '1024' },
    huge: { type: 'string', default: '4000' },
    'library-folder': { type: 'string', multiple: true, default: [] },
    rehearse: { type: 'boolean', default: false },
  },
});
const provider = options.rehearse ? 'cpu' : 'cuda';
const batch = options.rehearse ? 4 : Number(options.batch);
const results = [];
const file = await models.cachedModel('bert-base', { seed: 0 });

function feedsOf(count) {
  const tensors = models.makeInputs('bert-base', { batch: count, sequenceLength: 128 });
  return Object.fromEntries(
    Object.entries(tensors).map(([name, { type, data, dims }]) => [name, new Tensor(type, data, dims)]),
  );
}

/** The inputs of one sequence, so many times: zeros serve where a run must fail for its size. */
function hugeFeeds(count) {
  return Object.fromEntries(
    Object.entries(feedsOf(1)).map(([name, { type, data, dims }]) => {
      const shape = [count, ...dims.slice(1)];
      return [name, new Tensor(type, new data.constructor(count * data.length), shape)];
    }),
  );
}

const open = (more = {}, providerOptions = {}) =>
  InferenceSession.create(file, {
    executionProviders: [{ name: provider, ...providerOptions }],
    libraryFolders: options['library-folder'],
    ...more,
  });

async function check(name, work) {
  const began = performance.now();
  let passed = false;
  let told;
  try {
    [passed, told] = await work();
  } catch (error) {
    told = `threw ${error.code ?? ''} ${error.message}`;
  }
  const seconds = (performance.now() - began) / 1000;
  results.push({ name, passed, told, seconds });
  console.log(`${passed ? 'PASS' : 'FAIL'}  ${name}: ${told}  (${seconds.toFixed(1)} s)`);
}

async function failureOf(promise) {
  const began = performance.now();
  const error = await promise.then(
    () => undefined,
    (reason) => reason,
  );
  return { error, ms: performance.now() - began };
}

/** A run that must fail for want of memory, and one that must then go through. */
async function outOfMemory(session, large, small) {
  const { error } = await failureOf(large());
  const code = error?.code ?? String(error ?? 'no failure');
  const good = await failureOf(small());
  await session.release();
  const after = good.error
    ? `then failed: ${good.error.message}`
    : `then a good run in ${good.ms.toFixed(1)} ms`;
  return [code === 'out-of-device-memory' && !good.error, `${code}, ${after}; "${error?.message}"`];
}

/** Aborts after `afterMs`; how late the rejection came, and how long the next run had to wait for this one. */
async function aborted(start, next, afterMs) {
  const stop = new AbortController();
  const reason = new Error('enough');
  const job = start(stop.signal);
  let at = 0;
  setTimeout(() => {
    at = performance.now();
    stop.abort(reason);
  }, afterMs);
  const { error } = await failureOf(job);
  const lateMs = performance.now() - at;
  const { error: failed, ms } = await failureOf(next());
  return [
    error === reason && !failed && lateMs < 50,
    `${error === reason ? 'rejected with the reason' : `gave ${error}`} ${lateMs.toFixed(2)} ms after the abort, the next ` +
      `run settled ${ms.toFixed(1)} ms later${failed ? ` with ${failed.message}` : ''}`,
  ];
}

const small = feedsOf(1);
const large = feedsOf(batch);

if (!options.rehearse) {
  const limit = { gpu_mem_limit: String(Number(options['limit-mib']) * 2 ** 20) };
  await check(`out of memory by gpu_mem_limit ${options['limit-mib']} MiB, run()`, async () => {
    const session = await open({}, limit);
    return outOfMemory(
      session,
      () => session.run(large),
      () => session.run(small),
    );
  });
  await check('out of memory by gpu_mem_limit, binding', async () => {
    const session = await open({}, limit);
    const binding = await session.bind({ inputs: small });
    const bind = async () => {
      await binding.update(large);
      await binding.run();
    };
    const again = async () => {
      await binding.update(small);
      await binding.run();
    };
    return outOfMemory(session, bind, again);
  });
  // Tensors of more than 2^31 elements would overflow ONNX Runtime's own indices: many sessions fill the memory instead.
  await check(`out of memory by sessions with batches of ${options.huge}`, async () => {
    const huge = hugeFeeds(Number(options.huge));
    const sessions = [];
    let outcome;
    while (outcome === undefined && sessions.length < 12) {
      const session = await open();
      sessions.push(session);
      const { error } = await failureOf(session.run(huge));
      if (error !== undefined) {
        outcome = await outOfMemory(
          session,
          () => Promise.reject(error),
          () => session.run(small),
        );
        sessions.pop();
      }
    }
    const others = await Promise.all(sessions.map((session) => failureOf(session.run(small))));
    for (const session of sessions) await session.release();
    const well = others.every(({ error }) => error === undefined);
    return [
      well && outcome?.[0] === true,
      `session ${sessions.length + 1}: ${outcome?.[1]}; the others ${well ? 'go on' : 'FAIL'}`,
    ];
  });
}

await check(`abort of a run of batch ${batch}`, async () => {
  const session = await open();
  for (let i = 0; i < 5; i++) await session.run(large);
  const whole = await failureOf(session.run(large));
  const result = await aborted(
    (signal) => session.run(large, { signal }),
    () => session.run(small),
    whole.ms / 4,
  );
  await session.release();
  return [result[0], `${result[1]}; a whole run takes ${whole.ms.toFixed(1)} ms`];
});

if (!options.rehearse) {
  await check(`abort of a loop of graph replays, batch ${batch}`, async () => {
    const session = await open({
      enableGraphCapture: true,
      freeDimensionOverrides: { batch, sequence: 128 },
    });
    const binding = await session.bind({ inputs: large });
    const { ms } = await failureOf(binding.run());
    const replays = async (signal) => {
      for (;;) await binding.run({ signal });
    };
    const result = await aborted(replays, () => binding.run(), 10.5 * ms);
    await session.release();
    return [result[0], `${result[1]}; a replay takes ${ms.toFixed(1)} ms`];
  });
}

await check('abort of a measurement', async () => {
  const session = await open();
  const how = { minDurationMs: 60_000, idle: false, dataPath: options.rehearse ? 'host' : 'device' };
  const result = await aborted(
    (signal) => session.measure(large, { ...how, signal }),
    () => session.run(small),
    2000,
  );
  await session.release();
  return result;
});

const passed = results.filter((one) => one.passed).length;
console.log(`${passed} of ${results.length} passed on ${provider}`);
if (positionals[0])
  writeFileSync(positionals[0], `${JSON.stringify({ provider, batch, results }, null, 1)}\n`);
process.exitCode = passed === results.length ? 0 : 1;
