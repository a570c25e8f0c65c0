#!/usr/bin/env node
// ONNX Runtime's worker, over the library.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Binding, InferenceSession, type Tensor } from 'microjoule';
import { encodeNpy, type InputTensor } from 'microjoule-models';
import { inputHashOf, readNpy } from '../npy.js';
import type {
  HelloAnswer,
  HelloRequest,
  InferAnswer,
  InferRequest,
  LoadAnswer,
  LoadRequest,
} from '../types/protocol.js';
import { PROTOCOL_VERSION } from '../types/protocol.js';
import { helloOf } from './onnxruntime-hello.js';
import { type Handlers, RequestError, serve } from './serve.js';
import { engineOf, enginePhases, precisionOptions, precisionUsed } from './session-record.js';
import { autotuneUsed, requireModel, sessionOptions, setTf32 } from './session-setup.js';

const now = (): bigint => process.hrtime.bigint();

type Outputs = Readonly<Record<string, Tensor>>;

class OnnxRuntimeWorker {
  #request: LoadRequest | undefined;
  #session: InferenceSession | undefined;
  #binding: Binding | undefined;
  #feeds: Record<string, InputTensor> | undefined;

  handlers(): Handlers {
    return {
      hello: (request) => this.#hello(request),
      load: (request) => this.#load(request),
      prepare: ({ inputs }) => this.#prepare(inputs),
      infer: (request) => this.#infer(request),
      synchronise: () => this.#synchronise(),
      outputs: ({ folder }) => this.#outputs(folder),
      export: () => Promise.reject(new RequestError('impossible', 'ONNX Runtime exports no models.')),
      close: () => this.#close(),
    };
  }

  async #hello(request: HelloRequest): Promise<HelloAnswer> {
    if (request.protocol !== PROTOCOL_VERSION) {
      throw new RequestError('invalid-request', `This worker speaks protocol ${PROTOCOL_VERSION}.`);
    }
    return { protocol: PROTOCOL_VERSION, runtime: 'onnxruntime', ...(await helloOf(request)) };
  }

  async #load(request: LoadRequest): Promise<LoadAnswer> {
    if (this.#session) throw new RequestError('invalid-request', 'A model is loaded already.');
    const model = requireModel(request);
    setTf32(request);
    const session = await InferenceSession.create(model, sessionOptions(request));
    this.#session = session;
    this.#request = request;
    return {
      callPath: session.graphCapture ? 'graph' : 'run',
      precision: precisionUsed(session, request),
      threads: request.threads ?? null,
      cudnnAutotune: autotuneUsed(request),
      deviceUuid: session.device?.uuid ?? null,
      weights: 'exact',
      sameArchitecture: true,
      ...(session.placement.known ? { placement: session.placement.nodes } : {}),
      options: precisionOptions(session),
      ...engineOf(session),
      phases: enginePhases(session),
    };
  }

  async #prepare(inputs: Record<string, string>): Promise<{ inputHash: string }> {
    const session = this.#loaded();
    const inputHash = inputHashOf(inputs);
    const feeds = Object.fromEntries(
      Object.entries(inputs)
        // A model may have no use for one of them: an export without its mask.
        .filter(([name]) => session.inputNames.includes(name))
        .map(([name, path]) => [name, readNpy(path)]),
    );
    this.#feeds = feeds;
    await this.#binding?.release();
    const { dataPath } = this.#request as LoadRequest;
    const location =
      session.graphCapture || dataPath === 'device' ? 'gpu' : dataPath === 'pinned' ? 'pinned' : undefined;
    this.#binding = location ? await session.bind({ inputs: feeds, location }) : undefined;
    return { inputHash };
  }

  async #infer({ n, minSeconds }: InferRequest): Promise<InferAnswer> {
    const asked = n ?? minSeconds;
    if ((n === undefined) === (minSeconds === undefined) || !(Number(asked) > 0)) {
      throw new RequestError('invalid-request', 'infer takes n or minSeconds, one of them, above 0.');
    }
    const session = this.#loaded();
    const [binding, feeds] = [this.#binding, this.#prepared()];
    const durationsMs: number[] = [];
    const startNs = now();
    const untilNs = startNs + BigInt(Math.round((minSeconds ?? 0) * 1e9));
    for (let last = startNs; n === undefined ? last < untilNs : durationsMs.length < n; ) {
      await (binding ? binding.run() : session.run(feeds));
      const end = now();
      durationsMs.push(Number(end - last) / 1e6);
      last = end;
    }
    const endNs = now();
    return {
      n: durationsMs.length,
      startNs: String(startNs),
      endNs: String(endNs),
      synchronised: this.#confirmed(),
      durationsMs,
      each: true,
    };
  }

  async #synchronise() {
    // Each run has waited for its device before it returned: nothing is under way between two requests.
    const startNs = String(now());
    this.#loaded();
    return { startNs, endNs: String(now()), synchronised: this.#confirmed() };
  }

  async #outputs(folder: string): Promise<{ outputs: Record<string, string> }> {
    const outputs = await this.#runOnce();
    mkdirSync(folder, { recursive: true });
    const paths = Object.entries(outputs).map(([name, { data, dims }]): [string, string] => {
      const path = join(folder, `${name}.npy`);
      writeFileSync(path, encodeNpy({ type: 'float32', data: data as Float32Array, dims }));
      return [name, path];
    });
    return { outputs: Object.fromEntries(paths) };
  }

  async #runOnce(): Promise<Outputs> {
    const session = this.#loaded();
    if (!this.#binding) return session.run(this.#prepared());
    await this.#binding.run();
    return this.#binding.outputs();
  }

  async #close(): Promise<Record<string, never>> {
    await this.#session?.release();
    return {};
  }

  #loaded(): InferenceSession {
    if (!this.#session) throw new RequestError('invalid-request', 'No model is loaded.');
    return this.#session;
  }

  #prepared(): Record<string, InputTensor> {
    if (!this.#feeds) throw new RequestError('invalid-request', 'No inputs are prepared.');
    return this.#feeds;
  }

  #confirmed(): InferAnswer['synchronised'] {
    const by = this.#binding
      ? 'SynchronizeOutputs of the binding after each run'
      : 'Run, which returns when the outputs are in ordinary memory';
    return { confirmed: true, by };
  }
}

serve(new OnnxRuntimeWorker().handlers()).then(
  () => process.exit(0),
  (error: unknown) => {
    process.stderr.write(`${String(error)}\n`);
    process.exit(1);
  },
);
