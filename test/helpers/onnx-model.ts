// A minimal writer of ONNX models (protobuf by hand), so that tests need no model files.

export const ELEMENT = {
  float32: 1,
  uint8: 2,
  int8: 3,
  uint16: 4,
  int16: 5,
  int32: 6,
  int64: 7,
  string: 8,
  bool: 9,
  float16: 10,
  float64: 11,
  uint32: 12,
  uint64: 13,
  uint4: 21,
  int4: 22,
} as const;
export type ElementName = keyof typeof ELEMENT;

function varint(value: number | bigint): number[] {
  let rest = BigInt.asUintN(64, BigInt(value));
  const bytes: number[] = [];
  do {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 0x80 : low);
  } while (rest > 0n);
  return bytes;
}

const number = (field: number, value: number | bigint): Buffer =>
  Buffer.from([...varint(field << 3), ...varint(value)]);

function bytes(field: number, content: Uint8Array | string): Buffer {
  const body = typeof content === 'string' ? Buffer.from(content) : content;
  return Buffer.concat([Buffer.from([...varint((field << 3) | 2), ...varint(body.length)]), body]);
}

const message = (field: number, ...parts: Uint8Array[]): Buffer => bytes(field, Buffer.concat(parts));

export interface Value {
  name: string;
  type: ElementName;
  /** A string is a free dimension. */
  shape: (number | string)[];
}

export interface Attribute {
  name: string;
  int?: number;
  ints?: number[];
  float?: number;
}

export interface Node {
  op: string;
  inputs: string[];
  outputs: string[];
  attributes?: Attribute[];
}

export interface Initializer {
  name: string;
  type: ElementName;
  dims: number[];
  raw?: Uint8Array;
  /** Kept in another file, at this name. */
  external?: { location: string; offset: number; length: number };
}

export interface Graph {
  nodes: Node[];
  inputs: Value[];
  outputs: Value[];
  initializers?: Initializer[];
  opset?: number;
}

function attribute(attr: Attribute): Buffer {
  const parts = [bytes(1, attr.name)];
  if (attr.int !== undefined) parts.push(number(3, attr.int), number(20, 2));
  if (attr.ints !== undefined) parts.push(...attr.ints.map((i) => number(8, i)), number(20, 7));
  if (attr.float !== undefined) {
    const body = Buffer.alloc(4);
    body.writeFloatLE(attr.float);
    parts.push(Buffer.from([(2 << 3) | 5]), body, number(20, 1));
  }
  return message(5, ...parts);
}

function node(n: Node): Buffer {
  return message(
    1,
    ...n.inputs.map((name) => bytes(1, name)),
    ...n.outputs.map((name) => bytes(2, name)),
    bytes(4, n.op),
    ...(n.attributes ?? []).map(attribute),
  );
}

function initializer(t: Initializer): Buffer {
  const parts = [...t.dims.map((d) => number(1, d)), number(2, ELEMENT[t.type]), bytes(8, t.name)];
  if (t.raw !== undefined) parts.push(bytes(9, t.raw));
  if (t.external !== undefined) {
    for (const [key, value] of Object.entries(t.external))
      parts.push(message(13, bytes(1, key), bytes(2, String(value))));
    parts.push(number(14, 1));
  }
  return message(5, ...parts);
}

function value(field: number, v: Value): Buffer {
  const dims = v.shape.map((d) => message(1, typeof d === 'number' ? number(1, d) : bytes(2, d)));
  return message(
    field,
    bytes(1, v.name),
    message(2, message(1, number(1, ELEMENT[v.type]), message(2, ...dims))),
  );
}

export function model(graph: Graph): Uint8Array {
  return Buffer.concat([
    number(1, 10),
    bytes(2, 'microjoule-tests'),
    message(
      7,
      ...graph.nodes.map(node),
      bytes(2, 'g'),
      ...(graph.initializers ?? []).map(initializer),
      ...graph.inputs.map((v) => value(11, v)),
      ...graph.outputs.map((v) => value(12, v)),
    ),
    message(8, bytes(1, ''), number(2, graph.opset ?? 21)),
  ]);
}

/** y = op(x): one node. */
export function unary(
  op: string,
  type: ElementName,
  shape: (number | string)[],
  attributes: Attribute[] = [],
): Uint8Array {
  return model({
    nodes: [{ op, inputs: ['x'], outputs: ['y'], attributes }],
    inputs: [{ name: 'x', type, shape }],
    outputs: [{ name: 'y', type, shape }],
  });
}

/** z = op(x, y): one node. */
export function binary(op: string, type: ElementName, shape: (number | string)[]): Uint8Array {
  return model({
    nodes: [{ op, inputs: ['x', 'y'], outputs: ['z'] }],
    inputs: [
      { name: 'x', type, shape },
      { name: 'y', type, shape },
    ],
    outputs: [{ name: 'z', type, shape }],
  });
}

/** A chain of square matrix products: as slow as wanted. */
export function chain(size: number, length: number): Uint8Array {
  const nodes = Array.from({ length }, (_, i) => ({
    op: 'MatMul',
    inputs: [i === 0 ? 'x' : `m${i}`, 'w'],
    outputs: [i === length - 1 ? 'y' : `m${i + 1}`],
  }));
  const weights = new Float32Array(size * size);
  for (let i = 0; i < size; i++) weights[i * size + ((i + 1) % size)] = 1;
  return model({
    nodes,
    inputs: [{ name: 'x', type: 'float32', shape: [size, size] }],
    outputs: [{ name: 'y', type: 'float32', shape: [size, size] }],
    initializers: [{ name: 'w', type: 'float32', dims: [size, size], raw: new Uint8Array(weights.buffer) }],
  });
}
