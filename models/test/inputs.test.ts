import { describe, expect, test } from 'vitest';
import { type InputTensor, makeInputs } from '../src/index.js';
import { spread } from './helpers.js';

function floats(tensor: InputTensor | undefined): Float32Array {
  if (tensor?.type !== 'float32') throw new Error('not a float32 tensor');
  return tensor.data;
}

function rows(tensor: InputTensor | undefined, length: number): number[][] {
  if (tensor?.type !== 'int64') throw new Error('not an int64 tensor');
  const values = Array.from(tensor.data, Number);
  return Array.from({ length: values.length / length }, (_, i) => values.slice(i * length, (i + 1) * length));
}

describe('images', () => {
  const pixels = 224 * 224;
  const inputs = makeInputs('resnet50', { batch: 8, seed: 5 });
  const data = floats(inputs.input);

  test('are normalised: mean near 0 and deviation near 1 in each channel', () => {
    expect(inputs.input?.dims).toEqual([8, 3, 224, 224]);
    for (let c = 0; c < 3; c++) {
      const channel = Array.from({ length: 8 }, (_, i) => {
        const start = (i * 3 + c) * pixels;
        return data.subarray(start, start + pixels);
      });
      const { mean, deviation } = spread(channel.flatMap((plane) => [...plane]));
      expect(Math.abs(mean)).toBeLessThan(0.3);
      expect(Math.abs(deviation - 1)).toBeLessThan(0.2);
    }
  });

  test('hold the values of 8-bit pixels', () => {
    const levels = new Set<number>();
    for (const v of data.subarray(0, pixels)) levels.add(Math.round((v * 0.229 + 0.485) * 255 * 1000) / 1000);
    expect(levels.size).toBeGreaterThan(100);
    for (const level of levels) {
      expect(Math.abs(level - Math.round(level))).toBeLessThan(0.01);
      expect(level).toBeGreaterThanOrEqual(0);
      expect(level).toBeLessThanOrEqual(255);
    }
  });

  test('have neighbouring pixels and colours that are alike, as photographs have', () => {
    const product = (a: Float32Array, b: Float32Array) => {
      const [x, y] = [spread(a), spread(b)];
      let sum = 0;
      for (let i = 0; i < a.length; i++) sum += ((a[i] as number) - x.mean) * ((b[i] as number) - y.mean);
      return sum / a.length / (x.deviation * y.deviation);
    };
    expect(product(data.subarray(0, pixels - 1), data.subarray(1, pixels))).toBeGreaterThan(0.8);
    expect(product(data.subarray(0, pixels), data.subarray(pixels, 2 * pixels))).toBeGreaterThan(0.5);
  });

  test('do not depend on how many there are, and do on the seed', () => {
    const two = floats(makeInputs('resnet50', { batch: 2, seed: 5 }).input);
    expect(two).toEqual(data.subarray(0, two.length));
    expect(floats(makeInputs('mobilenetv2', { batch: 1, seed: 6 }).input)).not.toEqual(
      two.subarray(0, 3 * pixels),
    );
  });
});

describe('token sequences', () => {
  const length = 128;
  const inputs = makeInputs('bert-base', { batch: 400, seed: 2 });
  const ids = rows(inputs.input_ids, length);
  const masks = rows(inputs.attention_mask, length);
  const types = rows(inputs.token_type_ids, length);
  const used = masks.map((mask) => mask.reduce((a, b) => a + b, 0));

  test('start with [CLS], end with [SEP], and are padded and masked after that', () => {
    expect(inputs.input_ids?.dims).toEqual([400, 128]);
    ids.forEach((sequence, i) => {
      const end = used[i] as number;
      expect(sequence[0]).toBe(101);
      expect(sequence[end - 1]).toBe(102);
      expect(sequence.slice(end).every((id) => id === 0)).toBe(true);
      expect(masks[i]).toEqual(sequence.map((_, t) => (t < end ? 1 : 0)));
      expect(sequence.slice(1, end - 1).every((id) => id === 102 || (id >= 1996 && id < 30522))).toBe(true);
    });
  });

  test('have segments that change after the inner [SEP] of pairs, which are about half', () => {
    const pairs = types.filter((segments) => segments.includes(1)).length;
    expect(pairs).toBeGreaterThan(150);
    expect(pairs).toBeLessThan(250);
    types.forEach((segments, i) => {
      const second = segments.indexOf(1);
      if (second >= 0) expect(ids[i]?.[second - 1]).toBe(102);
    });
  });

  test('have a median of 40 tokens, some short and some cut at the limit', () => {
    const sorted = [...used].sort((a, b) => a - b);
    expect(sorted[200]).toBeGreaterThan(34);
    expect(sorted[200]).toBeLessThan(46);
    expect(sorted[0]).toBeLessThan(20);
    expect(sorted[399]).toBeGreaterThan(100);
  });

  test('use words as often as Zipf’s law says', () => {
    const words = ids
      .flatMap((sequence, i) => sequence.slice(1, (used[i] as number) - 1))
      .filter((id) => id !== 102);
    const share = (low: number, high: number) =>
      words.filter((id) => id >= 1996 + low && id < 1996 + high).length / words.length;
    const weight = (low: number, high: number) => {
      let sum = 0;
      for (let rank = low; rank < high; rank++) sum += 1 / (rank + 3.7);
      return sum;
    };
    const all = weight(0, 30522 - 1996);
    for (const [low, high] of [
      [0, 10],
      [10, 100],
      [100, 1000],
      [1000, 10_000],
    ] as const) {
      expect(Math.abs(share(low, high) - weight(low, high) / all)).toBeLessThan(0.02);
    }
  });

  test('do not depend on how many there are, and are as long as asked', () => {
    const one = makeInputs('bert-base', { batch: 1, seed: 2 });
    expect(rows(one.input_ids, length)[0]).toEqual(ids[0]);
    expect(makeInputs('bert-base', { batch: 3, sequenceLength: 16 }).attention_mask?.dims).toEqual([3, 16]);
  });
});

test.each([
  [{ batch: 0 }, 'batch is 0'],
  [{ batch: 1.5 }, 'batch is 1.5'],
  [{ seed: -1 }, 'seed is -1'],
  [{ sequenceLength: 513 }, 'sequenceLength is 513'],
])('refuses %o', (options, message) => {
  expect(() => makeInputs('bert-base', options)).toThrow(message);
});
