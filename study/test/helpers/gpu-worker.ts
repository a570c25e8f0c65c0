// The study's own ONNX Runtime worker on stand-ins for CUDA, TensorRT and ONNX Runtime's providers.
import { join } from 'node:path';
import { GpuMachine } from '../../../test/helpers/fake-gpu.js';
import { unary } from '../../../test/helpers/onnx-model.js';
import type { Answers, LoadRequest } from '../../src/types/protocol.js';
import { Worker } from '../../src/worker/client.js';

const WORKER = join(import.meta.dirname ?? __dirname, '../../dist/worker/onnxruntime.js');
const TIMEOUT_SECONDS = 60;

export class WorkerMachine extends GpuMachine {
  readonly model = this.file('model.onnx', unary('Neg', 'float32', [2]));
  /** Of a subject: where the stand-ins are. */
  readonly options = {
    onnxruntime: this.runtime,
    libraryFolders: (['cuda', 'cudnn', 'tensorrt'] as const)
      .map((one) => this.put(one, `opt/${one}`))
      .join(':'),
  };

  async start(env: NodeJS.ProcessEnv = {}): Promise<Worker> {
    const worker = await Worker.start({
      program: process.execPath,
      args: [WORKER],
      cwd: this.root,
      log: this.path('log'),
      env: this.environment(env),
    });
    await worker.request<'hello'>({ op: 'hello', protocol: 1, options: this.options }, TIMEOUT_SECONDS);
    return worker;
  }

  /** What one process answers to `load`. */
  async load(request: Partial<LoadRequest>, env: NodeJS.ProcessEnv = {}): Promise<Answers['load']> {
    const worker = await this.start(env);
    try {
      const { answer } = await worker.request<'load'>(this.request(request), TIMEOUT_SECONDS);
      await worker.close(TIMEOUT_SECONDS);
      return answer;
    } finally {
      await worker.killed();
    }
  }

  request({ options, ...more }: Partial<LoadRequest>): LoadRequest {
    return {
      op: 'load',
      model: 'mobilenetv2',
      weights: '',
      onnx: this.model,
      batch: 1,
      sequenceLength: 1,
      provider: 'cuda',
      precision: {},
      ...more,
      options: { ...this.options, ...options },
    };
  }
}
