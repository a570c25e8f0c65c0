import type { ModelBuilder } from './builder.js';
import { centre } from './moments.js';

const LAYERS = 12;
const HIDDEN = 768;
const HEADS = 12;
const HEAD = HIDDEN / HEADS;
const INTERMEDIATE = 3072;
const VOCABULARY = 30522;
export const MAX_POSITIONS = 512;
/** Sequence length for which multiply-adds are counted. */
const COUNTED_LENGTH = 128;

interface Matrix {
  readonly inputs: number;
  readonly deviation: number;
  /** Rows that sum to 0, for inputs whose mean is far from 0. */
  readonly centred?: boolean;
}

/**
 * Standard deviations of the matrices: between the 0.02 that BERT is initialised with and what makes queries and keys
 * of variance 2, so that attention is neither uniform nor one-hot.
 */
const SHARP: Matrix = { inputs: HIDDEN, deviation: 0.06 };
const MILD: Matrix = { inputs: HIDDEN, deviation: 0.03 };
const WIDE: Matrix = { inputs: HIDDEN, deviation: 0.036 };
const NARROW: Matrix = { inputs: INTERMEDIATE, deviation: 0.036, centred: true };
const BIAS = 0.02;
const POOLER = 0.04;

/** y = x Wᵀ + b with W as PyTorch keeps it, [out, in]: runtimes fold the transposition when they load the model. */
function linear(b: ModelBuilder, name: string, x: string, outputs: number, matrix: Matrix): string {
  const { inputs, deviation, centred = false } = matrix;
  const weight = b.parameter(`${name}.weight`, [outputs, inputs], (random) => (rows) => {
    random.fillNormal(rows, 0, deviation);
    if (centred) for (let at = 0; at < rows.length; at += inputs) centre(rows.subarray(at, at + inputs));
  });
  const bias = vector(b, `${name}.bias`, outputs, 0, BIAS);
  b.multiplyAdds += inputs * outputs * COUNTED_LENGTH;
  const transposed = b.node('Transpose', `${name}.transpose`, [weight], { perm: [1, 0] });
  const product = b.node('MatMul', `${name}.matmul`, [x, transposed]);
  return b.node('Add', name, [product, bias]);
}

function vector(b: ModelBuilder, name: string, length: number, mean: number, deviation: number): string {
  return b.parameter(name, [length], (random) => (rows) => random.fillNormal(rows, mean, deviation));
}

function layerNorm(b: ModelBuilder, name: string, x: string): string {
  const weight = vector(b, `${name}.weight`, HIDDEN, 0.85, 0.05);
  const bias = vector(b, `${name}.bias`, HIDDEN, 0, BIAS);
  return b.node('LayerNormalization', name, [x, weight, bias], { axis: -1, epsilon: { float: 1e-12 } });
}

function table(b: ModelBuilder, name: string, rows: number, deviation: number): string {
  return b.parameter(name, [rows, HIDDEN], (random) => (values) => random.fillNormal(values, 0, deviation));
}

/** Positions are 0 … length - 1, so their embeddings are the table's first rows: one Shape, and nothing computed. */
function embeddings(b: ModelBuilder, inputIds: string, tokenTypeIds: string): string {
  const prefix = 'embeddings';
  const words = table(b, `${prefix}.word_embeddings.weight`, VOCABULARY, 0.042);
  const positions = table(b, `${prefix}.position_embeddings.weight`, MAX_POSITIONS, 0.02);
  const types = table(b, `${prefix}.token_type_embeddings.weight`, 2, 0.02);
  const word = b.node('Gather', `${prefix}.word_embeddings`, [words, inputIds], { axis: 0 });
  const type = b.node('Gather', `${prefix}.token_type_embeddings`, [types, tokenTypeIds], { axis: 0 });
  const length = b.node('Shape', `${prefix}.length`, [inputIds], { start: 1, end: 2 });
  const zero = b.int64Constant('zero', [0]);
  const position = b.node('Slice', `${prefix}.position_embeddings`, [positions, zero, length, zero]);
  b.shaped(position, ['sequence', HIDDEN]);
  const content = b.node('Add', `${prefix}.content`, [word, type]);
  return layerNorm(b, `${prefix}.LayerNorm`, b.node('Add', `${prefix}.sum`, [content, position]));
}

/** 0 where a token may be attended to, -10000 where not, whose exponential is 0 in float16 and float32 alike. */
function attentionBias(b: ModelBuilder, attentionMask: string): string {
  const axes = b.int64Constant('mask.axes', [1, 2]);
  const wide = b.node('Unsqueeze', 'mask.unsqueeze', [attentionMask, axes]);
  const kept = b.node('Cast', 'mask.cast', [wide], { to: b.floatType });
  const dropped = b.node('Sub', 'mask.invert', [b.sharedFloat('one', 1), kept]);
  return b.node('Mul', 'mask.bias', [dropped, b.floatConstant('mask.scale', -10000)]);
}

function attention(b: ModelBuilder, name: string, x: string, bias: string): string {
  const split = (part: string, matrix: Matrix, perm: readonly number[]): string => {
    const projected = linear(b, `${name}.self.${part}`, x, HIDDEN, matrix);
    const heads = b.node('Reshape', `${name}.self.${part}.heads`, [projected, 'split.shape']);
    return b.node('Transpose', `${name}.self.${part}.transposed`, [heads], { perm });
  };
  const query = split('query', SHARP, [0, 2, 1, 3]);
  const key = split('key', SHARP, [0, 2, 3, 1]);
  const value = split('value', MILD, [0, 2, 1, 3]);
  const scores = b.node('MatMul', `${name}.self.scores`, [query, key]);
  const scaled = b.node('Div', `${name}.self.scaled`, [scores, b.sharedFloat('sqrt(head)', Math.sqrt(HEAD))]);
  const masked = b.node('Add', `${name}.self.masked`, [scaled, bias]);
  const probabilities = b.node('Softmax', `${name}.self.softmax`, [masked], { axis: -1 });
  const context = b.node('MatMul', `${name}.self.context`, [probabilities, value]);
  const tokens = b.node('Transpose', `${name}.self.tokens`, [context], { perm: [0, 2, 1, 3] });
  const joined = b.node('Reshape', `${name}.self`, [tokens, 'join.shape']);
  b.multiplyAdds += 2 * COUNTED_LENGTH * COUNTED_LENGTH * HIDDEN;
  const output = linear(b, `${name}.output.dense`, joined, HIDDEN, MILD);
  return layerNorm(b, `${name}.output.LayerNorm`, b.node('Add', `${name}.output.sum`, [output, x]));
}

/** The exact form, x · (1 + erf(x / √2)) / 2; ONNX has a Gelu operator from opset 20 only. */
function gelu(b: ModelBuilder, name: string, x: string): string {
  const scaled = b.node('Div', `${name}.div`, [x, b.sharedFloat('sqrt2', Math.SQRT2)]);
  const erf = b.node('Erf', `${name}.erf`, [scaled]);
  const shifted = b.node('Add', `${name}.add`, [erf, b.sharedFloat('one', 1)]);
  const product = b.node('Mul', `${name}.mul`, [x, shifted]);
  return b.node('Mul', name, [product, b.sharedFloat('half', 0.5)]);
}

function layer(b: ModelBuilder, name: string, x: string, bias: string): string {
  const attended = attention(b, `${name}.attention`, x, bias);
  const wide = linear(b, `${name}.intermediate.dense`, attended, INTERMEDIATE, WIDE);
  const active = gelu(b, `${name}.intermediate.gelu`, wide);
  const narrow = linear(b, `${name}.output.dense`, active, HIDDEN, NARROW);
  return layerNorm(b, `${name}.output.LayerNorm`, b.node('Add', `${name}.output.sum`, [narrow, attended]));
}

function pooler(b: ModelBuilder, hidden: string): string {
  const first = b.node('Gather', 'pooler.first', [hidden, b.int64Scalar('pooler.index', 0)], { axis: 1 });
  const weight = b.parameter(
    'pooler.dense.weight',
    [HIDDEN, HIDDEN],
    (random) => (rows) => random.fillNormal(rows, 0, POOLER),
  );
  const bias = vector(b, 'pooler.dense.bias', HIDDEN, 0, BIAS);
  b.multiplyAdds += HIDDEN * HIDDEN;
  return b.node('Tanh', 'pooler.activation', [
    b.node('Gemm', 'pooler.dense', [first, weight, bias], { transB: 1 }),
  ]);
}

/** Hugging Face's BertModel (bert-base-uncased) with its pooler; weights named as in its state dict, unprefixed. */
export function bertBase(b: ModelBuilder): void {
  const shape = ['batch', 'sequence'];
  const inputIds = b.int64Input('input_ids', shape);
  const attentionMask = b.int64Input('attention_mask', shape);
  const tokenTypeIds = b.int64Input('token_type_ids', shape);
  // A 0 copies the dimension, so that no shape has to be computed while the model runs.
  b.int64Constant('split.shape', [0, 0, HEADS, HEAD]);
  b.int64Constant('join.shape', [0, 0, HIDDEN]);
  const bias = attentionBias(b, attentionMask);
  let x = embeddings(b, inputIds, tokenTypeIds);
  for (let i = 0; i < LAYERS; i++) x = layer(b, `encoder.layer.${i}`, x, bias);
  const pooled = pooler(b, x);
  b.floatOutput('last_hidden_state', x, [...shape, HIDDEN]);
  b.floatOutput('pooler_output', pooled, ['batch', HIDDEN]);
}
