// Compiled against the published declarations with lib es2022 and no other package.
import { InferenceSession, MicrojouleError, mark, Tensor } from 'microjoule';

export async function use(): Promise<number> {
  const session = await InferenceSession.create(new Uint8Array(3), { fallback: true, executorSpinUs: 0 });
  const half = new Tensor('float16', new Uint16Array(2));
  const { y } = await session.run({ x: half, s: new Tensor(['a']) }, { y: null }, { tag: 't' });
  const text: string = session.inputMetadata.map((m) => (m.isTensor ? m.shape.join() : m.name)).join();
  await session.release();
  await session[Symbol.asyncDispose]();
  const type: Tensor.Type = half.type;
  const error: unknown = new MicrojouleError('timeout', text, type);
  return error instanceof MicrojouleError && mark() > 0n ? (y?.size ?? 0) : 0;
}
