import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { float16Bits } from '../src/float16.js';
import { TensorProto_DataType as DataType } from '../src/gen/onnx_pb.js';
import { encodeNpy, listModels, toHalf, writeModel } from '../src/index.js';
import { readModel, scratchFolder, sha256 } from './helpers.js';

const scratch = scratchFolder();
afterAll(scratch.remove);

test('the models have the published parameters and multiply-adds', () => {
  const figures = listModels().map(({ name, parameters, multiplyAdds }) => ({
    name,
    parameters,
    giga: Math.round(multiplyAdds / 1e6) / 1e3,
  }));
  // torchvision's num_params and GFLOPS; BERT: Hugging Face's count, and half of MobileBERT's 22.5 G operations.
  expect(figures).toEqual([
    { name: 'resnet50', parameters: 25557032, giga: 4.089 },
    { name: 'mobilenetv2', parameters: 3504872, giga: 0.301 },
    { name: 'bert-base', parameters: 109482240, giga: 11.174 },
  ]);
});

describe.each(['fp32', 'fp16'] as const)('%s: the weights file', (precision) => {
  let folder: string;
  let bytes: Buffer;
  let header: Record<string, { dtype: string; shape: number[]; data_offsets: [number, number] }>;
  let dataStart: number;

  beforeAll(async () => {
    folder = join(scratch.path, precision);
    await writeModel('mobilenetv2', { out: folder, precision, seed: 3 });
    bytes = readFileSync(join(folder, 'weights.safetensors'));
    dataStart = 8 + Number(bytes.readBigUInt64LE(0));
    const { __metadata__, ...tensors } = JSON.parse(bytes.toString('utf8', 8, dataStart));
    expect(__metadata__).toEqual({ format: 'pt' });
    header = tensors;
  });

  test('is covered by its tensors without gaps, and begins on a page', () => {
    expect(dataStart % 4096).toBe(0);
    const width = { F32: 4, F16: 2, I64: 8 } as Record<string, number>;
    let end = 0;
    for (const { dtype, shape, data_offsets } of Object.values(header)) {
      expect(data_offsets[0]).toBe(end);
      end += shape.reduce((a, b) => a * b, width[dtype] as number);
      expect(data_offsets[1]).toBe(end);
    }
    expect(dataStart + end).toBe(bytes.length);
  });

  test('is where the ONNX file finds every weight', () => {
    const initializers = readModel(join(folder, 'model.onnx')).graph?.initializer ?? [];
    const external = initializers.filter((t) => t.externalData.length > 0);
    const floats = Object.entries(header).filter(([, t]) => t.dtype !== 'I64');
    expect(external.map((t) => t.name).sort()).toEqual(floats.map(([name]) => name).sort());
    for (const tensor of external) {
      const { location, offset, length } = Object.fromEntries(
        tensor.externalData.map(({ key, value }) => [key, value]),
      );
      const [begin, end] = header[tensor.name]?.data_offsets ?? [Number.NaN, Number.NaN];
      expect({ location, offset, length }).toEqual({
        location: 'weights.safetensors',
        offset: String(dataStart + begin),
        length: String(end - begin),
      });
      expect(tensor.dims.map(Number)).toEqual(header[tensor.name]?.shape);
      expect(tensor.dataType).toBe(precision === 'fp16' ? DataType.FLOAT16 : DataType.FLOAT);
    }
  });

  test('and the ONNX file are what the manifest says', () => {
    const manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'));
    expect(manifest).toMatchObject({ name: 'mobilenetv2', seed: 3, precision });
    for (const file of ['model.onnx', 'weights.safetensors']) {
      expect(manifest.files[file].sha256).toBe(sha256(join(folder, file)));
    }
  });
});

describe('float16', () => {
  /** What a bit pattern stands for, from the definition of binary16. */
  const decode = (bits: number): number => {
    const sign = bits & 0x8000 ? -1 : 1;
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
  };

  test('every value of the format comes back as itself', () => {
    for (let bits = 0; bits < 65536; bits++) {
      const value = decode(bits);
      if (!Number.isNaN(value) && float16Bits(value) !== bits) expect(float16Bits(value)).toBe(bits);
    }
    expect(decode(float16Bits(NaN))).toBeNaN();
  });

  test('halves between neighbours go to the even one, everything else to the nearer one', () => {
    for (let bits = 0; bits < 0x7bff; bits++) {
      const low = decode(bits);
      const high = decode(bits + 1);
      const middle = (low + high) / 2;
      const quarter = (high - low) / 8;
      const even = bits % 2 === 0 ? bits : bits + 1;
      const got = [middle - quarter, middle, middle + quarter].map(float16Bits);
      if (got[0] !== bits || got[1] !== even || got[2] !== bits + 1) {
        expect(got).toEqual([bits, even, bits + 1]);
      }
    }
  });

  test('what is too large becomes infinite', () => {
    expect([...toHalf(Float32Array.of(65519, 65520, -1e9))]).toEqual([0x7bff, 0x7c00, 0xfc00]);
  });
});

test('.npy files follow NumPy’s format', () => {
  const bytes = encodeNpy({ type: 'int64', data: BigInt64Array.of(5n, -1n), dims: [2] });
  expect(bytes.subarray(0, 8)).toEqual(Buffer.from('\x93NUMPY\x01\x00', 'latin1'));
  const start = 10 + bytes.readUInt16LE(8);
  expect(start % 64).toBe(0);
  expect(bytes.toString('latin1', 10, start)).toMatch(
    /^\{'descr': '<i8', 'fortran_order': False, 'shape': \(2,\), \} *\n$/,
  );
  expect([bytes.readBigInt64LE(start), bytes.readBigInt64LE(start + 8)]).toEqual([5n, -1n]);
});
