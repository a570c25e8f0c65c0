import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { makeInputs, type WrittenModel, writeModel } from '../src/index.js';
import {
  type Outputs,
  readModel,
  referenceRecord,
  referenceTensor,
  relativeError,
  runModel,
  scratchFolder,
  sha256,
  spread,
  withInnerOutputs,
} from './helpers.js';

/** Of seed 0: the same on every machine and in every Node. */
const SHA256: Record<string, Record<string, string>> = {
  mobilenetv2: {
    'model.onnx': '62d749b222bd5d4f068dc60e802d00a94506ea58f3c75b45c7ab2836a77f08dc',
    'weights.safetensors': '317d42083737dc134631a7f4de67b0903a897e8c2a598a64632fc7a8a77ae607',
  },
  resnet50: {
    'model.onnx': '3b723636402e6a379304381e6d2debc022f16bf6ee89912a58347be6fcb67cf9',
    'weights.safetensors': '05ebf8d742735a8328abe532d4e0d44b4557e81b614e9a008fee17c2a899191d',
  },
  'bert-base': {
    'model.onnx': '4052950ad7a1bf282ffaef7d4bf2e00b223e578b5bd5cb8ec307795bd95a09fe',
    'weights.safetensors': '681203d32288c89da061bd2f481812d0d6288e8d0fc62e643e8e149c95b1bb50',
  },
};

const scratch = scratchFolder();
afterAll(scratch.remove);

const written: Record<string, WrittenModel> = {};

function inFolder(name: string): void {
  beforeAll(async () => {
    written[name] = await writeModel(name, { out: join(scratch.path, name) });
  }, 60_000);

  test('has the same bytes everywhere, those that were compared with PyTorch', () => {
    const { model, weights } = written[name] as WrittenModel;
    const hashes = { 'model.onnx': sha256(model), 'weights.safetensors': sha256(weights) };
    expect(hashes).toEqual(SHA256[name]);
    expect(referenceRecord(name).sha256).toEqual(hashes);
  });

  test('has the nodes that were compared with PyTorch’s export, and free dimensions', () => {
    const { graph, opsetImport } = readModel((written[name] as WrittenModel).model);
    const counts: Record<string, number> = {};
    for (const { opType } of graph?.node ?? []) counts[opType] = (counts[opType] ?? 0) + 1;
    expect(counts).toEqual(referenceRecord(name).nodes.by_type);
    expect(opsetImport.map((o) => o.version)).toEqual([17n]);
    const free = name === 'bert-base' ? ['batch', 'sequence'] : ['batch'];
    for (const { type } of graph?.input ?? []) {
      const dims = type?.value.case === 'tensorType' ? type.value.value.shape?.dim : [];
      const names = dims?.flatMap(({ value }) => (value.case === 'dimParam' ? [value.value] : []));
      expect(names).toEqual(free);
    }
  });
}

function share(values: Float32Array, predicate: (v: number) => boolean): number {
  let count = 0;
  for (const v of values) if (predicate(v)) count += 1;
  return count / values.length;
}

describe.each(['mobilenetv2', 'resnet50'])('%s', (name) => {
  inFolder(name);

  test('gives torchvision’s logits, at batch 1 and 4', async () => {
    const path = (written[name] as WrittenModel).model;
    const four = makeInputs(name, { batch: 4 });
    const [one, all] = (await runModel(path, makeInputs(name), four)) as [Outputs, Outputs];
    expect(one.logits?.dims).toEqual([1, 1000]);
    expect(all.logits?.dims).toEqual([4, 1000]);
    const expected = referenceTensor(`${name}-logits`);
    expect(relativeError(all.logits?.data.subarray(0, 2000) as Float32Array, expected)).toBeLessThan(1e-4);
    expect(relativeError(one.logits?.data as Float32Array, expected.subarray(0, 1000))).toBeLessThan(1e-4);
  });

  test('has activations like a trained network’s, from the first layer to the last', async () => {
    const path = withInnerOutputs((written[name] as WrittenModel).model, [
      'BatchNormalization',
      'Relu',
      'Clip',
    ]);
    const [outputs] = (await runModel(path, makeInputs(name, { seed: 99 }))) as [Outputs];
    const { logits, ...inner } = outputs;
    expect(Object.keys(inner).length).toBeGreaterThan(80);
    for (const [layer, { data }] of Object.entries(inner)) {
      const { mean, deviation } = spread(data);
      expect(Math.abs(mean), layer).toBeLessThan(2);
      expect(deviation, layer).toBeGreaterThan(0.15);
      expect(deviation, layer).toBeLessThan(4);
      const positive = share(data, (v) => v > 0);
      expect(positive, layer).toBeGreaterThan(0.25);
      expect(positive, layer).toBeLessThan(name === 'resnet50' ? 0.95 : 0.75);
    }
    const { deviation } = spread(logits?.data as Float32Array);
    expect(deviation).toBeGreaterThan(1);
    expect(deviation).toBeLessThan(5);
  });
});

test('MobileNetV2 in fp16 gives nearly the same as in fp32', async () => {
  const half = await writeModel('mobilenetv2', { out: join(scratch.path, 'half'), precision: 'fp16' });
  const [outputs] = (await runModel(half.model, makeInputs('mobilenetv2', { batch: 2 }))) as [Outputs];
  const error = relativeError(outputs.logits?.data as Float32Array, referenceTensor('mobilenetv2-logits'));
  expect(error).toBeLessThan(0.02);
  // Float16 has 11 bits: equality would mean that nothing was converted.
  expect(error).toBeGreaterThan(1e-5);
});

describe('bert-base', () => {
  inFolder('bert-base');

  test('gives Hugging Face’s hidden states and pooler output, padding masked', async () => {
    const inputs = makeInputs('bert-base', { batch: 2, sequenceLength: 64 });
    const [outputs] = (await runModel((written['bert-base'] as WrittenModel).model, inputs)) as [Outputs];
    const hidden = outputs.last_hidden_state?.data as Float32Array;
    const rows = [0, 1].flatMap((i) =>
      [0, 1, 2, 63].map((t) => hidden.subarray((i * 64 + t) * 768, (i * 64 + t + 1) * 768)),
    );
    const chosen = Float32Array.from(rows.flatMap((row) => [...row]));
    expect(relativeError(chosen, referenceTensor('bert-base-last_hidden_state'))).toBeLessThan(1e-4);
    const pooled = outputs.pooler_output?.data as Float32Array;
    expect(relativeError(pooled, referenceTensor('bert-base-pooler_output'))).toBeLessThan(1e-4);
    const { deviation } = spread(hidden);
    expect(deviation).toBeGreaterThan(0.5);
    expect(deviation).toBeLessThan(1.5);
    expect(share(pooled, (v) => Math.abs(v) > 0.99)).toBeLessThan(0.1);
  });

  test('runs at batch 1 and 4 and at different lengths', async () => {
    const shapes = [
      [1, 16],
      [4, 9],
    ] as const;
    const batches = shapes.map(([batch, sequenceLength]) =>
      makeInputs('bert-base', { batch, sequenceLength }),
    );
    const outputs = await runModel((written['bert-base'] as WrittenModel).model, ...batches);
    expect(outputs.map((o) => o.last_hidden_state?.dims)).toEqual(shapes.map((shape) => [...shape, 768]));
    expect(outputs.map((o) => o.pooler_output?.dims)).toEqual([
      [1, 768],
      [4, 768],
    ]);
  });
});
