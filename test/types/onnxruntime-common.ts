// Compiled, never run: a program written for onnxruntime-common changes its import and nothing else.
import type * as theirs from 'onnxruntime-common';
import {
  type Feeds,
  InferenceSession,
  type RunOptions,
  type SessionOptions,
  Tensor,
  type TensorConstructor,
  type TypedTensor,
  type ValueMetadata,
} from '../../src/index.js';

declare const ourSession: InferenceSession;
declare const ourTensor: Tensor;
declare const ourFloats: TypedTensor<'float32'>;
declare const ourStrings: TypedTensor<'string'>;
declare const ourLongs: TypedTensor<'int64'>;
declare const theirTensor: theirs.Tensor;
declare const theirFloats: theirs.TypedTensor<'float32'>;
declare const theirStrings: theirs.TypedTensor<'string'>;
declare const theirLongs: theirs.TypedTensor<'int64'>;
declare const theirFeeds: theirs.InferenceSession.FeedsType;
declare const ourOptions: InferenceSession.SessionOptions;
declare const theirOptions: theirs.InferenceSession.SessionOptions;
declare const theirRunOptions: theirs.InferenceSession.RunOptions;
declare const theirMetadata: theirs.InferenceSession.ValueMetadata;
declare const ourMetadata: ValueMetadata;

// Ours where theirs is asked for.
export const session: theirs.InferenceSession = ourSession;
export const factory: theirs.InferenceSessionFactory = InferenceSession;
export const tensor: theirs.Tensor = ourTensor;
export const floats: theirs.TypedTensor<'float32'> = ourFloats;
export const strings: theirs.TypedTensor<'string'> = ourStrings;
export const longs: theirs.TypedTensor<'int64'> = ourLongs;
export const tensors: theirs.TensorConstructor = Tensor;
export const metadata: theirs.InferenceSession.ValueMetadata = ourMetadata;
export const type: theirs.Tensor.Type = 'float32' as Tensor.Type;
export const data: theirs.Tensor.DataType = ourTensor.data as Tensor.DataType;
export const reshaped: theirs.TypedTensor<'float32'> = ourFloats.reshape([1]);

// Theirs where ours is asked for.
export const fromTensor: Tensor = theirTensor;
export const fromFloats: TypedTensor<'float32'> = theirFloats;
export const fromStrings: TypedTensor<'string'> = theirStrings;
export const fromLongs: TypedTensor<'int64'> = theirLongs;
export const fromFeeds: Feeds = theirFeeds;
export const fromOptions: SessionOptions = theirOptions;
export const fromRunOptions: RunOptions = theirRunOptions;
export const fromMetadata: ValueMetadata = theirMetadata;
export const fromType: Tensor.Type = 'int4' as theirs.Tensor.Type;

// Options without what only we have.
const { executionProviders: _providers, externalData: _external, ...plainOptions } = ourOptions;
export const options: theirs.InferenceSession.SessionOptions = plainOptions;

// A whole program.
export async function program(
  Session: theirs.InferenceSessionFactory,
  Make: theirs.TensorConstructor,
): Promise<number> {
  const made = await Session.create('model.onnx', {
    executionProviders: ['cuda', { name: 'cpu', useArena: true }],
  });
  const results = await made.run({ x: new Make('float32', [1, 2], [2]) }, ['y'], { tag: 't' });
  const { y } = results;
  await made.release();
  return y === undefined ? 0 : y.size;
}
export const ran: Promise<number> = program(InferenceSession, Tensor);
export const mixed: Promise<unknown> = ourSession.run(
  { a: theirTensor, b: ourTensor, c: ourFloats },
  { y: theirFloats },
);
export const constructed: TensorConstructor = Tensor;

// @ts-expect-error one number is no data
new Tensor('int64', 1);
// @ts-expect-error no such type
new Tensor('float8', [1]);
// @ts-expect-error numbers are no feeds
ourSession.run({ x: 5 });
// @ts-expect-error misspelt option
InferenceSession.create('m.onnx', { executionProvider: ['cpu'] });
