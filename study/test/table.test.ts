import { describe, expect, test } from 'vitest';
import { planOf } from '../src/plan/plan.js';
import { runsOf } from '../src/plan/shard.js';
import { DEFAULTS } from '../src/table/defaults.js';
import { readTable } from '../src/table/read-table.js';
import { SAMPLE_TABLE } from '../src/table/sample.js';

const SMALL = `version: 1
name: small
models: [resnet50]
batches: [1, 64]
subjects:
  - { id: a, runtime: pytorch, provider: cpu }
  - { id: b, runtime: onnxruntime, provider: cuda }
`;

const read = (text: string) => readTable('study.yaml', text);

describe('the run table', () => {
  test('that init writes is the whole comparison, and its comments tell the defaults', () => {
    const { cells, runs } = planOf(read(SAMPLE_TABLE));
    const runtimes = new Set(
      cells.map(({ subject }) => `${subject.runtime} ${subject.provider} ${subject.source ?? ''}`),
    );
    for (const one of ['pytorch cuda ', 'tensorflow cuda ', 'mxnet cuda ', 'onnxruntime tensorrt pytorch']) {
      expect(runtimes).toContain(one);
    }
    expect(runs).toHaveLength(cells.length * 10);
    for (const [, field, value] of SAMPLE_TABLE.matchAll(/^ {4}(\w+): .*#= (\S+)$/gm)) {
      expect(JSON.stringify(DEFAULTS.protocol)).toContain(
        `"${field}":${value === 'wait' ? '"wait"' : value}`,
      );
    }
  });

  test('has its defaults filled in', () => {
    const table = read(SMALL);
    expect(table).toMatchObject({ repetitions: 10, seed: 0, sequenceLength: 128, nullRun: null });
    expect(table.subjects[1]).toMatchObject({ source: 'built-in', callPath: 'run', dataPath: 'host' });
    expect(table.subjects[0]).not.toHaveProperty('dataPath');
  });

  test('keeps the engines of TensorRT unless it is told not to', () => {
    const engineCacheOf = (more: string) =>
      read(SMALL.replace('provider: cuda', `provider: ${more}`)).subjects[1]?.engineCache;
    expect(engineCacheOf('cuda')).toBeUndefined();
    expect(engineCacheOf('tensorrt')).toBe(true);
    const own = 'engineCache: false, options: { trt_engine_cache_enable: true }';
    expect(engineCacheOf(`tensorrt, ${own}`)).toBe(false);
  });

  test.each<[string, [string, string], RegExp, RegExp]>([
    [
      'an unknown field',
      ['name: small', 'nam: small'],
      /line 2: nam: there is no such field/,
      /Allowed: version, name/,
    ],
    ['a missing field', ['name: small\n', ''], /line 1: name is missing/, /version, name, models/],
    [
      'an unknown model',
      ['[resnet50]', '[resnet51]'],
      /line 3: models\[0\]: 'resnet51' is not known/,
      /resnet50, mobilenetv2/,
    ],
    ['an empty matrix', ['[resnet50]', '[]'], /line 3: models: the list is empty/, /^$/],
    [
      'a negative count',
      ['[1, 64]', '[1, -64]'],
      /line 4: batches\[1\]: a whole number from 1 to 65536 is needed, not -64/,
      /^$/,
    ],
    [
      'a wrong type',
      ['[1, 64]', 'many'],
      /line 4: batches: a list of batch sizes is needed, not 'many'/,
      /^$/,
    ],
    [
      'an id that is there twice',
      ['id: b', 'id: a'],
      /line 7: subjects\[1\]: 'a' is there twice, first in line 6/,
      /^$/,
    ],
    ['an id that is no name', ['id: b', 'id: a b'], /line 7: subjects\[1\]\.id: 'a b' is no id/, /Letters/],
    [
      'an unknown runtime',
      ['pytorch', 'jax'],
      /line 6: subjects\[0\]\.runtime: 'jax' is not known/,
      /pytorch, tensorflow/,
    ],
    [
      'a call path of another runtime',
      ['provider: cpu', 'provider: cpu, callPath: predict'],
      /subjects\[0\]\.callPath: 'predict'/,
      /inference_mode, eager/,
    ],
    [
      'a source of a framework',
      ['provider: cpu', 'provider: cpu, source: pytorch'],
      /source is for onnxruntime only/,
      /^$/,
    ],
    [
      'an engine cache without TensorRT',
      ['provider: cuda', 'provider: cuda, engineCache: true'],
      /line 7: subjects\[1\]\.engineCache: engineCache is for the provider tensorrt only, not for cuda/,
      /^$/,
    ],
    [
      'two engine caches',
      ['provider: cuda', 'provider: tensorrt, options: { trt_engine_cache_path: /tmp/engines }'],
      /line 7: .*trt_engine_cache_path is another cache for one engine/,
      /give engineCache: false/,
    ],
    ['no YAML', ['[resnet50]', '[resnet50'], /line \d: .*flow/i, /Correct/],
    ['an unknown version', ['version: 1', 'version: 2'], /line 1: version: only version 1/, /Allowed: 1/],
    [
      'an exclusion of what is not there',
      ['batches', 'exclude: [{ subject: c, reason: slow }]\nbatches'],
      /line 4: exclude\[0\]\.subject: 'c' is not known/,
      /a, b/,
    ],
    [
      'an exclusion of everything',
      ['batches', 'exclude: [{ reason: slow }]\nbatches'],
      /would leave out everything/,
      /subject, model or batch/,
    ],
    [
      'a negative duration',
      ['batches', 'protocol: { windowSeconds: -1 }\nbatches'],
      /line 4: protocol\.windowSeconds: a number above 0 is needed, not -1/,
      /^$/,
    ],
    [
      'a null run of nobody',
      ['batches', 'nullRun: { subject: z }\nbatches'],
      /nullRun\.subject: 'z' is not known/,
      /a, b/,
    ],
  ])('with %s is refused with the line, the field and what is allowed', (_, [from, to], message, remedy) => {
    let error: { code?: string; message: string; remedy?: string } | undefined;
    try {
      read(SMALL.replace(from, to));
    } catch (caught) {
      error = caught as typeof error;
    }
    expect(error?.code).toBe('invalid-argument');
    expect(error?.message).toMatch(message);
    expect(error?.remedy ?? '').toMatch(remedy);
  });
});

describe('the plan', () => {
  const table = read(
    `${SMALL}  - { id: c, runtime: tensorflow, provider: tensorrt }\nexclude: [{ subject: a, batch: 64, reason: slow }]\nnullRun: { subject: b }\nrepetitions: 4\nseed: 7\n`,
  );
  const plan = planOf(table);

  test('keeps impossible cells with their reasons, and has the null run beside its subject', () => {
    const left = plan.cells.flatMap(({ id, impossible }) => (impossible ? [[id, impossible.by]] : []));
    expect(left).toEqual([
      ['a/resnet50/64', 'table'],
      ['c/resnet50/1', 'plan'],
      ['c/resnet50/64', 'plan'],
    ]);
    const asks = (one: string, precision: string) =>
      planOf(read(SMALL.replace(one, `${one}, precision: { ${precision}: true }`))).cells.flatMap(
        ({ impossible }) => impossible?.reason ?? [],
      );
    expect(asks('provider: cpu', 'tf32')[0]).toMatch(/NVIDIA's tensor cores/);
    expect(asks('provider: cuda', 'fp16')).toEqual([]);
    const exported = SMALL.replace(
      'provider: cuda',
      'provider: cuda, source: pytorch, precision: { fp16: true }',
    );
    expect(planOf(read(exported)).cells[2]?.impossible?.reason).toMatch(/is in float32/);
    expect(plan.cells.filter((cell) => cell.null).map(({ id }) => id)).toEqual([
      'b~null/resnet50/1',
      'b~null/resnet50/64',
    ]);
  });

  test('is interleaved: each repetition has every cell once, in an order that the seed decides', () => {
    const orders = Array.from({ length: 4 }, (_, r) => plan.runs.slice(5 * r, 5 * r + 5));
    for (const [r, order] of orders.entries()) {
      expect(order.every(({ repetition }) => repetition === r)).toBe(true);
      expect(new Set(order.map(({ cell }) => cell)).size).toBe(5);
    }
    expect(planOf(table).runs).toEqual(plan.runs);
    expect(planOf({ ...table, seed: 8 }).runs).not.toEqual(plan.runs);
    expect(new Set(orders.map((order) => order.map(({ cell }) => cell).join())).size).toBeGreaterThan(1);
  });

  test('is dealt out to shards whole, and blocks stay together', () => {
    const shards = [1, 2, 3].map((index) => runsOf(plan, { index, of: 3 }));
    expect(
      shards
        .flat()
        .map(({ id }) => id)
        .sort(),
    ).toEqual(plan.runs.map(({ id }) => id).sort());
    const blocks = shards.map(
      (runs) => new Set(runs.map(({ cell, repetition }) => `${cell.split('/')[2]} ${repetition}`)),
    );
    for (const block of blocks[0] as Set<string>)
      expect(blocks[1]?.has(block) || blocks[2]?.has(block)).toBe(false);
    expect(shards.every((runs) => runs.length > 0)).toBe(true);
  });

  test('is dealt out so that a cell meets every machine, where it has repetitions enough', () => {
    for (const of of [2, 4]) {
      const shards = Array.from({ length: of }, (_, i) => runsOf(plan, { index: i + 1, of }));
      const cells = new Set(plan.runs.map(({ cell }) => cell));
      for (const runs of shards) expect(new Set(runs.map(({ cell }) => cell))).toEqual(cells);
    }
  });
});
