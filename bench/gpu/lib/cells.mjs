// What a cell of the matrix is: provider, data path, options; and its session, ours and onnxruntime-node's.
import { createRequire } from 'node:module';
import { join } from 'node:path';

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

/** Options of the provider, the same for ours and for the bare loop. */
function providerOptions({ provider }, engineCache) {
  if (provider !== 'tensorrt') return {};
  return { trt_engine_cache_enable: '1', trt_engine_cache_path: engineCache };
}

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
  const given = providerOptions(cell, engineCache);
  const free = model === 'bert-base' ? { batch, sequence: SEQUENCE } : { batch };
  const session = await InferenceSession.create(file, {
    executionProviders: [{ name: cell.provider, ...given }],
    freeDimensionOverrides: free,
    libraryFolders,
    enableGraphCapture: cell.graph === true,
    ...(onnxruntime === undefined ? {} : { onnxruntime }),
  });
  const feeds = Object.fromEntries(
    Object.entries(tensors).map(([input, { type, data, dims }]) => [input, new Tensor(type, data, dims)]),
  );
  const theirs = peer ? await openPeer(cell, file, free, tensors).catch((error) => error) : undefined;
  return {
    name,
    path: cell.path,
    session,
    feeds,
    peer: theirs instanceof Error ? undefined : theirs,
    peerFailed: theirs instanceof Error ? theirs.message : undefined,
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
      if (theirs?.release) await theirs.release();
    },
  };
}

/** onnxruntime-node with the same library; it passes no further options to a provider. */
async function openPeer({ provider }, file, free, tensors) {
  const ort = require('onnxruntime-node');
  const session = await ort.InferenceSession.create(file, {
    executionProviders: [provider],
    freeDimensionOverrides: free,
    logSeverityLevel: 4,
  });
  const feeds = Object.fromEntries(
    Object.entries(tensors).map(([input, { type, data, dims }]) => [input, new ort.Tensor(type, data, dims)]),
  );
  return { run: () => session.run(feeds), release: () => session.release() };
}
