import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import {
  TensorProto_DataType as DataType,
  type ModelProto,
  ModelProtoSchema,
  ValueInfoProtoSchema,
} from '../src/gen/onnx_pb.js';
import type { InputTensor } from '../src/index.js';

/** The built package, for child processes. */
export const DIST = join(__dirname, '..', 'dist');

export function scratchFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'microjoule-models-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export function sha256(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}

export type Outputs = Record<string, { data: Float32Array; dims: readonly number[] }>;

export async function runModel(path: string, ...batches: Record<string, InputTensor>[]): Promise<Outputs[]> {
  const session = await InferenceSession.create(path, { intraOpNumThreads: 2 });
  try {
    const results: Outputs[] = [];
    for (const inputs of batches) {
      const feeds = Object.entries(inputs).map(([name, t]) => [name, new Tensor(t.type, t.data, t.dims)]);
      results.push((await session.run(Object.fromEntries(feeds))) as unknown as Outputs);
    }
    return results;
  } finally {
    await session.release();
  }
}

/** Largest difference over the largest value: the measure of tools/reference. */
export function relativeError(actual: Float32Array, expected: Float32Array): number {
  if (actual.length !== expected.length) throw new Error(`${actual.length} values, not ${expected.length}`);
  let difference = 0;
  let largest = 0;
  for (let i = 0; i < expected.length; i++) {
    // A NaN anywhere makes the result NaN, which no bound admits.
    difference = Math.max(difference, Math.abs((actual[i] as number) - (expected[i] as number)));
    largest = Math.max(largest, Math.abs(expected[i] as number));
  }
  return difference / largest;
}

export function spread(values: ArrayLike<number>): { mean: number; deviation: number } {
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < values.length; i++) {
    sum += values[i] as number;
    squares += (values[i] as number) ** 2;
  }
  const mean = sum / values.length;
  return { mean, deviation: Math.sqrt(squares / values.length - mean * mean) };
}

/** What tools/reference recorded of PyTorch. */
export function referenceTensor(name: string): Float32Array {
  const bytes = readFileSync(join(__dirname, '..', 'reference', `${name}.npy`));
  const start = 10 + bytes.readUInt16LE(8);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset + start, bytes.byteOffset + bytes.length));
}

export function referenceRecord(name: string): {
  sha256: Record<string, string>;
  nodes: { by_type: Record<string, number> };
} {
  return JSON.parse(readFileSync(join(__dirname, '..', 'reference', `${name}.json`), 'utf8'));
}

export function readModel(path: string): ModelProto {
  return fromBinary(ModelProtoSchema, readFileSync(path));
}

/** A copy of the model, beside it so that it finds the weights, that also returns what these operators give. */
export function withInnerOutputs(path: string, opTypes: readonly string[]): string {
  const model = readModel(path);
  const outputs = model.graph?.output ?? [];
  for (const { opType, output } of model.graph?.node ?? []) {
    if (!opTypes.includes(opType)) continue;
    const type = { value: { case: 'tensorType' as const, value: { elemType: DataType.FLOAT } } };
    outputs.push(create(ValueInfoProtoSchema, { name: output[0] as string, type }));
  }
  const probed = join(dirname(path), 'probed.onnx');
  writeFileSync(probed, toBinary(ModelProtoSchema, model));
  return probed;
}
