import type { Precision, Provider, Runtime, Subject } from '../types/table.js';
import { CALL_PATHS, DATA_PATHS, PROVIDERS, RUNTIMES, SOURCES } from './names.js';
import type { YamlNode } from './yaml-node.js';

const FIELDS = [
  'id',
  'runtime',
  'provider',
  'source',
  'callPath',
  'dataPath',
  'precision',
  'threads',
  'cudnnAutotune',
  'engineCache',
  'options',
];

/** Options of TensorRT's provider that keep engines in another way. */
const OWN_CACHE = /^trt_(engine_cache_|ep_context_|dump_ep_context_model$)/;

export function readSubject(node: YamlNode): Subject {
  const fields = node.fields(FIELDS);
  const { id, runtime, provider, source, callPath, dataPath, precision, threads } = fields;
  const { cudnnAutotune, engineCache, options } = fields;
  if (!runtime || !provider) {
    throw node.refuse(
      `a subject needs a ${runtime ? 'provider' : 'runtime'}.`,
      'Give id, runtime and provider.',
    );
  }
  if (!id) throw node.refuse('a subject needs an id.', 'Give id, runtime and provider.');
  const of = runtime.oneOf(RUNTIMES);
  for (const [name, given] of Object.entries({ source, dataPath })) {
    if (given && of !== 'onnxruntime') throw given.refuse(`${name} is for onnxruntime only, not for ${of}.`);
  }
  const on = provider.oneOf(PROVIDERS);
  return {
    id: readId(id),
    runtime: of,
    provider: on,
    ...(of === 'onnxruntime' ? { source: source?.oneOf(SOURCES) ?? 'built-in' } : {}),
    callPath: callPath?.oneOf(CALL_PATHS[of]) ?? (CALL_PATHS[of][0] as NonNullable<Subject['callPath']>),
    ...(of === 'onnxruntime' ? { dataPath: readDataPath(dataPath, callPath, of) } : {}),
    precision: readPrecision(precision),
    ...(threads ? { threads: threads.whole(1, 1024) } : {}),
    ...(cudnnAutotune ? { cudnnAutotune: cudnnAutotune.truth() } : {}),
    ...readEngineCache(engineCache, on, options),
    options: readOptions(options),
  };
}

function readEngineCache(
  node: YamlNode | undefined,
  provider: Provider,
  options: YamlNode | undefined,
): Pick<Subject, 'engineCache'> {
  if (provider !== 'tensorrt') {
    if (node) throw node.refuse(`engineCache is for the provider tensorrt only, not for ${provider}.`);
    return {};
  }
  const engineCache = node?.truth() ?? true;
  const own = options?.entries().find(([name]) => OWN_CACHE.test(name));
  if (engineCache && own) {
    const [name, given] = own;
    throw given.refuse(
      `${name} is another cache for one engine.`,
      'Leave it out, or give engineCache: false.',
    );
  }
  return { engineCache };
}

function readId(node: YamlNode): string {
  const id = node.text();
  // It becomes part of file names and of the ids of cells and runs.
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(id)) {
    throw node.refuse(
      `'${id}' is no id.`,
      'Letters, digits, ".", "_" and "-", at most 64, a letter or digit first.',
    );
  }
  return id;
}

function readDataPath(
  dataPath: YamlNode | undefined,
  callPath: YamlNode | undefined,
  runtime: Runtime,
): NonNullable<Subject['dataPath']> {
  const graph = callPath?.oneOf(CALL_PATHS[runtime]) === 'graph';
  const given = dataPath?.oneOf(DATA_PATHS);
  if (graph && given && given !== 'device') {
    throw (dataPath as YamlNode).refuse("a graph reads and writes the device's memory.", "Give 'device'.");
  }
  return given ?? (graph ? 'device' : 'host');
}

function readPrecision(node: YamlNode | undefined): Precision {
  const { tf32, fp16 } = node?.fields(['tf32', 'fp16']) ?? {};
  return { ...(tf32 ? { tf32: tf32.truth() } : {}), ...(fp16 ? { fp16: fp16.truth() } : {}) };
}

function readOptions(node: YamlNode | undefined): NonNullable<Subject['options']> {
  return Object.fromEntries((node?.entries() ?? []).map(([name, given]) => [name, optionValue(given)]));
}

function optionValue(node: YamlNode): string | number | boolean {
  const value = node.value();
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return value;
  throw node.refuse('an option is a text, a number, true or false.');
}
