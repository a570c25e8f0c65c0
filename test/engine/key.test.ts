// What makes an engine another one: each part of the key, and each byte of the model.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { bytesSource, externalLocations } from '../../src/engine/external-data.js';
import { engineKey } from '../../src/engine/key.js';
import { describeModel } from '../../src/engine/model-hash.js';
import type { EngineKeyParts } from '../../src/index.js';
import { unary } from '../helpers/onnx-model.js';

const folder = mkdtempSync(join(tmpdir(), 'mj-key-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const PARTS: EngineKeyParts = {
  model: { name: 'm.onnx', sha256: 'ab', bytes: 7, externalData: { weights: 'cd' } },
  shapes: { freeDimensions: { batch: 1 }, profiles: { trt_profile_min_shapes: 'x:1x3' } },
  gpu: { name: 'H100', computeCapability: '9.0', multiprocessors: 132, memoryBytes: 85_899_345_920 },
  driver: '580.1',
  tensorrt: '10.6.0',
  onnxruntime: '1.29.0',
  providers: ['tensorrt', 'cuda'],
  options: { trt_fp16_enable: '1' },
  optionFiles: { '/table': 'ef' },
  session: { graphOptimizationLevel: 99, config: { 'session.a': '1' } },
  environment: { NVIDIA_TF32_OVERRIDE: '0' },
};

/** Every part with one of its leaves changed. */
function* changed(value: unknown): Generator<unknown> {
  if (typeof value === 'string') yield `${value}'`;
  else if (typeof value === 'number') yield value + 1;
  else if (Array.isArray(value)) yield [...value].reverse();
  else {
    for (const [key, one] of Object.entries(value as object)) {
      for (const other of changed(one)) yield { ...(value as object), [key]: other };
    }
  }
}

describe('the key of an engine', () => {
  test('changes with each of its parts', () => {
    const others = [...changed(PARTS)].map((parts) => engineKey(parts as EngineKeyParts));
    expect(others).toHaveLength(19);
    expect(new Set([engineKey(PARTS), ...others]).size).toBe(20);
    const more = { ...PARTS, options: { ...PARTS.options, trt_int8_enable: '1' } };
    expect(engineKey(more)).not.toBe(engineKey(PARTS));
  });

  test('is the same whatever the order in which they were given, and a name for a folder', () => {
    const backwards = (value: unknown): unknown =>
      typeof value === 'object' && value !== null && !Array.isArray(value)
        ? Object.fromEntries(
            Object.entries(value)
              .reverse()
              .map(([key, one]) => [key, backwards(one)]),
          )
        : value;
    expect(engineKey(backwards(PARTS) as EngineKeyParts)).toBe(engineKey(PARTS));
    expect(engineKey(PARTS)).toMatch(/^[0-9a-f]{32}$/);
  });
});

const field = (number: number, ...parts: (Uint8Array | string)[]) => {
  const body = Buffer.concat(parts.map((part) => Buffer.from(part as string)));
  const length = body.length < 128 ? [body.length] : [(body.length & 0x7f) | 0x80, body.length >> 7];
  return Buffer.concat([Buffer.from([(number << 3) | 2, ...length]), body]);
};
const entry = (key: string, value: string) => field(13, field(1, key), field(2, value));
const tensor = (location: string) =>
  Buffer.concat([field(9, 'x'.repeat(300)), entry('offset', '0'), entry('location', location)]);

/** A model with weights in files: of an initializer, of an attribute, and of a graph within a node. */
const EXTERNAL = field(
  7,
  field(5, tensor('weights.bin')),
  field(1, field(5, field(5, tensor('constant.bin')))),
  field(1, field(5, field(6, field(5, tensor('branch.bin')), field(5, tensor('weights.bin'))))),
);

describe('a model', () => {
  test('names the files that hold its weights, wherever a tensor may stand', async () => {
    const found = await externalLocations(bytesSource(EXTERNAL));
    expect(found).toEqual(['weights.bin', 'constant.bin', 'branch.bin']);
    expect(await externalLocations(bytesSource(unary('Neg', 'float32', [2])))).toEqual([]);
  });

  test.each([
    Buffer.alloc(0),
    Buffer.from([0x3a, 0xff, 0xff]),
    Buffer.from('no model at all'),
    EXTERNAL.subarray(0, 400),
  ])('that is none, or is cut, does no harm', async (bytes) => {
    expect(await externalLocations(bytesSource(bytes))).toBeInstanceOf(Array);
  });

  test('is its bytes, its name and the bytes of those files', async () => {
    const path = join(folder, 'external.onnx');
    writeFileSync(path, EXTERNAL);
    writeFileSync(join(folder, 'weights.bin'), 'one');
    const first = await describeModel({ path }, []);
    expect(first).toMatchObject({ name: 'external.onnx', bytes: EXTERNAL.length });
    expect(first.externalData).toMatchObject({
      'weights.bin': expect.stringMatching(/^[0-9a-f]{64}$/),
      'constant.bin': 'absent',
    });
    writeFileSync(join(folder, 'weights.bin'), 'two');
    const second = await describeModel({ path }, []);
    expect(second.sha256).toBe(first.sha256);
    expect(second.externalData).not.toEqual(first.externalData);
    const given = await describeModel({ bytes: EXTERNAL }, [
      { path: 'weights.bin', bytes: Buffer.from('two') },
    ]);
    expect(given).toMatchObject({ name: '', sha256: first.sha256 });
    expect(given.externalData['weights.bin']).toBe(second.externalData['weights.bin']);
  });
});
