// The process in which probe() tries one execution provider: a session, a run, an answer.
import { InferenceSession, MicrojouleError, Tensor } from './index.js';
import type { Trial, TrialAnswer } from './provider-trial.js';
import { PLUGINS } from './providers.js';
import { TRIAL_MODEL } from './trial-model.js';

const X = [1, 2, 3, 4];
const Y = [7, 10, 15, 22];

process.once('message', (trial: Trial) => {
  attempt(trial).then((answer) => process.send?.(answer, () => process.disconnect()));
});
// The one that asked is gone.
process.once('disconnect', () => process.exit());

async function attempt(trial: Trial): Promise<TrialAnswer> {
  try {
    return await run(trial);
  } catch (error) {
    const { message } = error as Error;
    if (!(error instanceof MicrojouleError)) return { ok: false, code: 'internal', reason: message };
    const { code, remedy } = error;
    return { ok: false, code, reason: message, ...(remedy === undefined ? {} : { remedy }) };
  }
}

async function run({ provider, onnxruntime, libraryFolders }: Trial): Promise<TrialAnswer> {
  const session = await InferenceSession.create(Buffer.from(TRIAL_MODEL, 'base64'), {
    executionProviders: [provider],
    onnxruntime,
    libraryFolders,
    // A provider for GPUs must take the node itself; others may leave so small a thing to the CPU.
    strict: ['cuda', 'tensorrt', ...PLUGINS].includes(provider),
  });
  const { y } = await session.run({ x: new Tensor('float32', Float32Array.from(X), [2, 2]) });
  await session.release();
  const got = Array.from(y?.data as Float32Array);
  if (got.every((value, i) => value === Y[i])) return { ok: true };
  return {
    ok: false,
    code: 'ort-failure',
    reason: `The execution provider '${provider}' gives ${got.join(', ')} where ${Y.join(', ')} is right.`,
  };
}
