// One-node models for the benchmarks, as ONNX bytes (the tests' writer is TypeScript and not built).
const varint = (n) => (n < 128 ? [n] : [(n & 127) | 128, ...varint(n >>> 7)]);
const number = (field, n) => Buffer.from([...varint(field << 3), ...varint(n)]);
const bytes = (field, body) => {
  const content = Buffer.from(body);
  return Buffer.concat([Buffer.from([...varint((field << 3) | 2), ...varint(content.length)]), content]);
};
const message = (field, ...parts) => bytes(field, Buffer.concat(parts));

function value(field, name, shape) {
  const dims = shape.map((d) => message(1, number(1, d)));
  return message(field, bytes(1, name), message(2, message(1, number(1, 1), message(2, ...dims))));
}

function graph(nodes, initializers, shape, outputShape = shape) {
  return Buffer.concat([
    number(1, 10),
    message(7, ...nodes, bytes(2, 'g'), ...initializers, value(11, 'x', shape), value(12, 'y', outputShape)),
    message(8, bytes(1, ''), number(2, 21)),
  ]);
}

const node = (op, inputs, output) =>
  message(1, ...inputs.map((name) => bytes(1, name)), bytes(2, output), bytes(4, op));

const squareMatrix = (name, size, weights) =>
  message(5, number(1, size), number(1, size), number(2, 1), bytes(8, name), bytes(9, weights.buffer));

/** y = x, float32. */
export const identity = (shape) => graph([node('Identity', ['x'], 'y')], [], shape);

/** y = x w w … w, float32: as slow as wanted. */
export function chain(size, length) {
  const weights = new Float32Array(size * size);
  for (let i = 0; i < size; i++) weights[i * size + i] = 1;
  const w = squareMatrix('w', size, weights);
  const nodes = Array.from({ length }, (_, i) =>
    node('MatMul', [i === 0 ? 'x' : `m${i}`, 'w'], i === length - 1 ? 'y' : `m${i + 1}`),
  );
  return graph(nodes, [w], [size, size]);
}

/**
 * y = mean(x W W … W) with random W of `size` rows and a scalar x, float32: `length` products without a copy to speak of,
 * so that a GPU draws all the power it can.
 */
export function resident(size, length) {
  const weights = new Float32Array(size * size);
  const half = Math.sqrt(3 / size); // keeps the products' spread at one
  let state = 1;
  for (let i = 0; i < weights.length; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    weights[i] = half * (state / 2 ** 31 - 1);
  }
  const w = squareMatrix('w', size, weights);
  const nodes = [
    node('Mul', ['x', 'w'], 'm0'),
    ...Array.from({ length }, (_, i) => node('MatMul', [`m${i}`, 'w'], `m${i + 1}`)),
    node('ReduceMean', [`m${length}`], 'y'),
  ];
  return graph(nodes, [w], [1], [1, 1]);
}
