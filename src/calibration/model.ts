// The load's model as ONNX bytes: y = mean(x R R … R) with a random matrix R made on the device, so that it holds nothing,
// copies nothing to speak of, and draws what the board can. Fields by onnx.proto's numbers.

const WIRE_BYTES = 2;
const FLOAT = 1;
const OPSET = 17;
const IR_VERSION = 8;

const varint = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...varint(n >>> 7)]);
const number = (field: number, n: number) => Buffer.from([...varint(field << 3), ...varint(n)]);
const float = (field: number, x: number) => {
  const out = Buffer.alloc(5);
  out[0] = (field << 3) | 5;
  out.writeFloatLE(x, 1);
  return out;
};

function bytes(field: number, content: string | Buffer): Buffer {
  const body = Buffer.from(content);
  return Buffer.concat([Buffer.from([...varint((field << 3) | WIRE_BYTES), ...varint(body.length)]), body]);
}

const message = (field: number, ...parts: Buffer[]) => bytes(field, Buffer.concat(parts));

function node(op: string, inputs: string[], output: string, ...attributes: Buffer[]): Buffer {
  return message(1, ...inputs.map((name) => bytes(1, name)), bytes(2, output), bytes(4, op), ...attributes);
}

function value(field: number, name: string, shape: number[]): Buffer {
  const dims = shape.map((d) => message(1, number(1, d)));
  return message(field, bytes(1, name), message(2, message(1, number(1, FLOAT), message(2, ...dims))));
}

// AttributeProto: name 1, f 2, ints 8, type 20 (FLOAT 1, INTS 7).
const floatAttribute = (name: string, x: number) => message(5, bytes(1, name), float(2, x), number(20, 1));
const intsAttribute = (name: string, list: number[]) =>
  message(5, bytes(1, name), ...list.map((n) => number(8, n)), number(20, 7));

/** `products` products of `size` rows each; the input is a scalar x. */
export function productsModel(size: number, products: number): Uint8Array {
  // A product of matrices with entries of this spread has entries of spread one.
  const half = Math.sqrt(3 / size);
  const random = node(
    'RandomUniform',
    [],
    'r',
    intsAttribute('shape', [size, size]),
    floatAttribute('low', -half),
    floatAttribute('high', half),
  );
  const chain = Array.from({ length: products }, (_, i) => node('MatMul', [`m${i}`, 'r'], `m${i + 1}`));
  const graph = message(
    7,
    random,
    node('Mul', ['x', 'r'], 'm0'),
    ...chain,
    node('ReduceMean', [`m${products}`], 'y'),
    bytes(2, 'load'),
    value(11, 'x', [1]),
    value(12, 'y', [1, 1]),
  );
  return Buffer.concat([number(1, IR_VERSION), graph, message(8, bytes(1, ''), number(2, OPSET))]);
}
