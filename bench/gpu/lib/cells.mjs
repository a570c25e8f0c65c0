// What a cell of the matrix is: provider, data path, options; and its session, ours and onnxruntime-node's.
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { median } from '../../lib/statistics.mjs';

const require = createRequire(import.meta.url);
const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../../..');
const { InferenceSession, Tensor } = require(join(root, 'dist/index.js'));

/** Tokens of a sequence of BERT. */
export const SEQUENCE = 128;

export const CELLS = {
  'cuda-host': { provider: 'cuda', path: 'host' },
  'cuda-pinned': { provider: 'cuda', path: 'pinned' },
  'cuda-device': { provider: 'cuda', path: 'device' },
  'cuda-graph': { provider: 'cuda', path: 'device', graph: true },
  'tensorrt-host': { provider: 'tensorrt', path: 'host' },
  'tensorrt-pinned': { provider: 'tensorrt', path: 'pinned' },
  'tensorrt-device': { provider: 'tensorrt', path: 'device' },
  'tensorrt-graph': { provider: 'tensorrt', path: 'device', graph: true },
  'cpu-host': { provider: 'cpu', path: 'host' },
};

const GRAPH_OPTION = { cuda: 'enable_cuda_graph', tensorrt: 'trt_cuda_graph_enable' };

/** Options of the provider for the bare loop: it reads the engine that our session has built or read. */
function providerOptions({ engine }) {
  if (engine === null) return {};
  return { trt_engine_cache_enable: '1', trt_engine_cache_path: engine.folder };
}

export const feedsOf = (tensors) =>
  Object.fromEntries(
    Object.entries(tensors).map(([input, { type, data, dims }]) => [input, new Tensor(type, data, dims)]),
  );

export async function openCell({
  name,
  file,
  model,
  batch,
  tensors,
  engineCache,
  libraryFolders,
  onnxruntime,
  peer,
}) {
  const cell = CELLS[name];
  const free = model === 'bert-base' ? { batch, sequence: SEQUENCE } : { batch };
  const session = await InferenceSession.create(file, {
    executionProviders: [cell.provider],
    freeDimensionOverrides: free,
    // A folder of ONNX Runtime's own would do for one model of one shape only: its names tell no others apart.
    engineCache: cell.provider === 'tensorrt' && engineCache,
    libraryFolders,
    enableGraphCapture: cell.graph === true,
    ...(onnxruntime === undefined ? {} : { onnxruntime }),
  });
  const given = providerOptions(session);
  const feeds = feedsOf(tensors);
  const runs = peer ? await openRuns({ ...cell, file, tensors }).catch((error) => error) : undefined;
  const peerFailed = runs instanceof Error ? runs.message : undefined;
  return {
    name,
    path: cell.path,
    session,
    feeds,
    runs: peerFailed === undefined ? runs : undefined,
    peerFailed,
    bare: {
      library: session.runtime.path,
      model: file,
      provider: cell.provider,
      options: cell.graph ? { ...given, [GRAPH_OPTION[cell.provider]]: '1' } : given,
      free,
      feeds,
      device: cell.path === 'device',
    },
    async close() {
      await session.release();
      if (peerFailed === undefined) await runs?.close();
    },
  };
}

/** Of a cell's runs back to back for so long, on the session's own thread and without a meter; `open`: its openPath. */
export async function medianLatencyMs({ session, feeds }, open, lengthMs, warmup = 20) {
  const request = { warmup, minDurationNs: lengthMs * 1e6 };
  const { durationsNs } = await session.measureNative(feeds, request, undefined, open);
  return median([...durationsNs]) / 1e6;
}

/**
 * run() of ours, on either thread, and of onnxruntime-node over the same library. It passes no options to a provider and
 * ignores freeDimensionOverrides; fixed dimensions make another graph, so that ours has none either.
 */
export async function openRuns({ provider, file, tensors }) {
  const ort = require('onnxruntime-node');
  const asked = { executionProviders: [provider] };
  const theirs = await ort.InferenceSession.create(file, { ...asked, logSeverityLevel: 4 });
  const session = await InferenceSession.create(file, asked);
  const caller = await InferenceSession.create(file, { ...asked, runsOn: 'caller' });
  const feeds = feedsOf(tensors);
  const theirFeeds = Object.fromEntries(
    Object.entries(tensors).map(([input, { type, data, dims }]) => [input, new ort.Tensor(type, data, dims)]),
  );
  return {
    session: () => session.run(feeds),
    caller: () => caller.run(feeds),
    theirs: () => theirs.run(theirFeeds),
    about: session,
    async close() {
      await session.release();
      await caller.release();
      await theirs.release();
    },
  };
}
