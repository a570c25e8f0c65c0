// Which files hold a model's weights: the locations of external data in an ONNX file, read without its tensors.
import type { FileHandle } from 'node:fs/promises';

/** Bytes that are read where they are needed. */
export interface ByteSource {
  readonly size: number;
  /** At least `length` bytes from `at` on, or as many as there are. */
  read(at: number, length: number): Promise<Uint8Array>;
}

const CHUNK = 1 << 16;

export function bytesSource(bytes: Uint8Array): ByteSource {
  return { size: bytes.byteLength, read: async (at, length) => bytes.subarray(at, at + length) };
}

/** Reads ahead, as fields mostly follow one another. */
export function fileSource(file: FileHandle, size: number): ByteSource {
  let from = 0;
  let chunk: Uint8Array = new Uint8Array(0);
  return {
    size,
    async read(at, length) {
      const end = Math.min(size, at + length);
      if (at < from || end > from + chunk.length) {
        const buffer = Buffer.alloc(Math.min(size - at, Math.max(length, CHUNK)));
        const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
        from = at;
        chunk = buffer.subarray(0, bytesRead);
      }
      return chunk.subarray(at - from, end - from);
    },
  };
}

type Message = 'model' | 'graph' | 'node' | 'attribute' | 'tensor' | 'entry';

/** Fields of onnx.proto that lead to TensorProto.external_data. */
const NESTED: Record<Message, Record<number, Message>> = {
  model: { 7: 'graph' },
  graph: { 1: 'node', 5: 'tensor' },
  node: { 5: 'attribute' },
  attribute: { 5: 'tensor', 6: 'graph', 10: 'tensor', 11: 'graph' },
  tensor: { 13: 'entry' },
  entry: {},
};
const DEEPEST = 64;
const LONGEST_HEADER = 20;

/** Each location once, in the order of the model. Of what is no model as many as make sense. */
export async function externalLocations(source: ByteSource): Promise<string[]> {
  const found = new Set<string>();
  await walk(source, 'model', 0, source.size, 0, found);
  return [...found];
}

async function walk(
  source: ByteSource,
  message: Message,
  begin: number,
  end: number,
  depth: number,
  found: Set<string>,
): Promise<void> {
  const texts: Record<number, string> = {};
  let at = begin;
  while (at < end) {
    const field = await fieldAt(source, at, end);
    if (field === undefined) return;
    const nested = NESTED[message][field.number];
    if (nested !== undefined && field.bytes && depth < DEEPEST) {
      await walk(source, nested, field.from, field.to, depth + 1, found);
    } else if (message === 'entry' && field.bytes) {
      const bytes = await source.read(field.from, field.to - field.from);
      texts[field.number] = Buffer.from(bytes).toString('utf8');
    }
    at = field.to;
  }
  // StringStringEntryProto: a key and a value.
  if (texts[1] === 'location' && texts[2]) found.add(texts[2]);
}

interface Field {
  number: number;
  /** Of its content. */
  from: number;
  to: number;
  bytes: boolean;
}

async function fieldAt(source: ByteSource, at: number, end: number): Promise<Field | undefined> {
  const header = await source.read(at, LONGEST_HEADER);
  const tag = varint(header, 0);
  if (tag === undefined) return undefined;
  const wire = tag.value & 7;
  const number = Math.floor(tag.value / 8);
  const value = wire === 0 || wire === 2 ? varint(header, tag.next) : undefined;
  const from = at + (wire === 2 && value ? value.next : tag.next);
  const lengths: Record<number, number | undefined> = {
    0: value && value.next - tag.next,
    1: 8,
    2: value?.value,
    5: 4,
  };
  const length = lengths[wire];
  if (length === undefined || from + length > end) return undefined;
  return { number, from, to: from + length, bytes: wire === 2 };
}

function varint(bytes: Uint8Array, at: number): { value: number; next: number } | undefined {
  let value = 0;
  for (let i = 0; i < 10 && at + i < bytes.length; ++i) {
    const byte = bytes[at + i] as number;
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, next: at + i + 1 };
  }
  return undefined;
}
