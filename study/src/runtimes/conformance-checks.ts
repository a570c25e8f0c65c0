import { existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inputHashOf, readNpy } from '../npy.js';
import type { InferAnswer } from '../types/protocol.js';
import type { Provider } from '../types/table.js';
import type { Answered } from '../worker/client.js';
import {
  inferFault,
  readBackFault,
  scalingFault,
  synchroniseFault,
  windowSeconds,
} from '../worker/honesty.js';
import { type Conversation, Violation } from './conversation.js';

/** What the worker is asked to run. */
export interface Subject {
  model: string;
  weights: string;
  onnx?: string;
  provider: Provider;
  batch: number;
  sequenceLength: number;
  /** Inputs by name, .npy files. */
  inputs: Readonly<Record<string, string>>;
  /** Names of the outputs; any where it is absent. */
  outputs?: readonly string[];
  /** Further fields of load. */
  load?: Readonly<Record<string, unknown>>;
}

type Check = [name: string, run: (worker: Conversation, subject: Subject) => Promise<void>];

/** Windows that tell where their time went. */
const TELLING_SECONDS = 0.2;
/** No inference takes less than 2 us. */
const MOST_INFERENCES = 1e5;
/** A busy machine may upset one comparison of times, not three. */
const TRIES = 3;
/** Two inferences of the same input: sums may be taken in another order. */
const REPEATED = 1e-3;

/** In this order; each needs what the ones before it did. */
export const CHECKS: readonly Check[] = [
  ['a line that is no request is refused, and the worker goes on', garbage],
  ['an unknown request is refused', (worker) => worker.refused('levitate', {}, 'invalid-request')],
  ['another protocol is refused', (worker) => worker.refused('hello', { protocol: 99 }, 'invalid-request')],
  ['hello', async (worker) => void (await worker.ask('hello', { protocol: 1 }))],
  ['nothing runs before load', beforeLoad],
  ['an unknown model is refused', unknownModel],
  ['load', load],
  ['no inference before prepare', beforePrepare],
  ['inputs that are not there are refused', missingInputs],
  ['prepare gives the SHA-256 of the inputs', prepare],
  ['infer takes n or minSeconds', whichInfer],
  ['one inference, timed and synchronised', async (worker) => void (await infer(worker, 1))],
  ['minSeconds is filled', minSeconds],
  ['twice as many inferences take longer', scaling],
  ['nothing is under way after infer', synchronised],
  ['outputs are .npy files and repeat', outputs],
  ['reading outputs back takes no longer after many inferences', readBack],
];

async function garbage(worker: Conversation): Promise<void> {
  await worker.garbage('this is no JSON');
  await worker.garbage('[1, 2]');
}

async function beforeLoad(worker: Conversation, { inputs, batch }: Subject): Promise<void> {
  await worker.refused('infer', { n: 1 }, 'invalid-request');
  await worker.refused('prepare', { inputs, batch }, 'invalid-request');
  await worker.refused('outputs', { folder: tmpdir() }, 'invalid-request');
}

const loadFields = ({ model, weights, onnx, provider, batch, sequenceLength, load }: Subject) => ({
  model,
  weights,
  ...(onnx === undefined ? {} : { onnx }),
  provider,
  batch,
  sequenceLength,
  precision: {},
  options: {},
  ...load,
});

function unknownModel(worker: Conversation, subject: Subject): Promise<void> {
  return worker.refused(
    'load',
    { ...loadFields(subject), model: 'no-such-model' },
    'invalid-request',
    'failed',
  );
}

async function load(worker: Conversation, subject: Subject): Promise<void> {
  const { answer } = await worker.ask('load', loadFields(subject));
  const onGpu = subject.provider !== 'cpu';
  if (onGpu !== (answer.deviceUuid !== null)) {
    throw new Violation(`deviceUuid is ${String(answer.deviceUuid)} with the provider ${subject.provider}.`);
  }
  if (onGpu && !/^GPU-[0-9a-f-]{36}$/.test(answer.deviceUuid as string)) {
    throw new Violation(`deviceUuid is '${answer.deviceUuid}', not as NVML writes it.`);
  }
}

async function beforePrepare(worker: Conversation): Promise<void> {
  await worker.refused('infer', { n: 1 }, 'invalid-request');
}

async function missingInputs(worker: Conversation, { inputs, batch }: Subject): Promise<void> {
  const absent = Object.fromEntries(Object.keys(inputs).map((name) => [name, join(tmpdir(), 'no-such.npy')]));
  await worker.refused('prepare', { inputs: absent, batch }, 'invalid-request', 'failed');
}

async function prepare(worker: Conversation, { inputs, batch }: Subject): Promise<void> {
  const expected = inputHashOf(inputs);
  const { answer } = await worker.ask('prepare', { inputs, batch });
  if (answer.inputHash !== expected)
    throw new Violation(`inputHash is ${answer.inputHash}, not ${expected}.`);
}

async function whichInfer(worker: Conversation): Promise<void> {
  await worker.refused('infer', {}, 'invalid-request');
  await worker.refused('infer', { n: 1, minSeconds: 1 }, 'invalid-request');
  await worker.refused('infer', { n: 0 }, 'invalid-request');
  await worker.refused('infer', { minSeconds: -1 }, 'invalid-request');
}

function refuse(fault: string | undefined): void {
  if (fault !== undefined) throw new Violation(fault);
}

async function infer(worker: Conversation, n: number): Promise<Answered<InferAnswer>> {
  const answered = await worker.ask('infer', { n });
  refuse(inferFault(answered, n));
  return answered;
}

async function minSeconds(worker: Conversation): Promise<void> {
  const answered = await worker.ask('infer', { minSeconds: TELLING_SECONDS });
  refuse(inferFault(answered, answered.answer.n));
  const seconds = windowSeconds(answered.answer);
  if (seconds < TELLING_SECONDS)
    throw new Violation(`It ran for ${seconds} s where ${TELLING_SECONDS} s were asked.`);
}

/** So many inferences that a window of them tells something. */
async function telling(worker: Conversation): Promise<number> {
  for (let n = 1; ; n *= 2) {
    if (windowSeconds((await infer(worker, n)).answer) >= TELLING_SECONDS) return n;
    if (n > MOST_INFERENCES) throw new Violation(`${n} inferences took less than ${TELLING_SECONDS} s.`);
  }
}

async function scaling(worker: Conversation): Promise<void> {
  const n = await telling(worker);
  let fault: string | undefined;
  for (let i = 0; i < TRIES; i += 1) {
    const [one, two] = [await infer(worker, n), await infer(worker, 2 * n)];
    fault = scalingFault(n, windowSeconds(one.answer), 2 * n, windowSeconds(two.answer));
    if (fault === undefined) return;
  }
  refuse(fault);
}

async function synchronised(worker: Conversation): Promise<void> {
  const { answer } = await infer(worker, await telling(worker));
  refuse(synchroniseFault(await worker.ask('synchronise'), windowSeconds(answer)));
}

async function withFolder<T>(body: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'microjoule-conformance-'));
  try {
    return await body(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function outputs(worker: Conversation, subject: Subject): Promise<void> {
  await withFolder(async (folder) => {
    const first = await readOutputs(worker, join(folder, 'first'), subject);
    const second = await readOutputs(worker, join(folder, 'second'), subject);
    for (const [name, values] of first) {
      const again = second.get(name) ?? [];
      const largest = values.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
      if (!values.every((x, i) => Math.abs(x - (again[i] ?? Number.NaN)) <= REPEATED * largest)) {
        throw new Violation(`Output '${name}' of the same inputs differs from one inference to the next.`);
      }
    }
  });
}

async function readOutputs(
  worker: Conversation,
  folder: string,
  subject: Subject,
): Promise<Map<string, Float32Array>> {
  mkdirSync(folder);
  const { answer } = await worker.ask('outputs', { folder });
  const names = subject.outputs ?? Object.keys(answer.outputs);
  return new Map(names.map((name) => [name, valuesOf(name, answer.outputs[name], folder, subject.batch)]));
}

function valuesOf(name: string, path: string | undefined, folder: string, batch: number): Float32Array {
  if (path === undefined || !existsSync(path)) throw new Violation(`There is no output '${name}'.`);
  if (!path.startsWith(folder))
    throw new Violation(`Output '${name}' is not in the folder that was named: ${path}.`);
  const { type, data, dims } = readNpy(path);
  if (type !== 'float32') throw new Violation(`Output '${name}' is ${type}, not float32.`);
  if (dims[0] !== batch)
    throw new Violation(`Output '${name}' has the shape ${dims.join('x')}: no batch of ${batch}.`);
  if (!data.every(Number.isFinite)) throw new Violation(`Output '${name}' has values that are no numbers.`);
  return data;
}

async function readBack(worker: Conversation): Promise<void> {
  const n = await telling(worker);
  await withFolder(async (folder) => {
    // What may still be under way from before is none of this comparison.
    await worker.ask('outputs', { folder });
    await infer(worker, 1);
    const alone = await worker.ask('outputs', { folder });
    const { answer } = await infer(worker, n);
    const after = await worker.ask('outputs', { folder });
    const seconds = ({ sentNs, receivedNs }: { sentNs: bigint; receivedNs: bigint }) =>
      Number(receivedNs - sentNs) / 1e9;
    refuse(readBackFault(seconds(alone), seconds(after), windowSeconds(answer)));
  });
}
