import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { mark } from 'microjoule';
import { cachedModel, writeInputs } from 'microjoule-models';
import { writing } from '../refuse.js';
import type { LoadAnswer } from '../types/protocol.js';
import type { Cell, ModelName, OnnxSource, RunTable, Runtime } from '../types/table.js';
import type { Worker } from '../worker/client.js';
import { WorkerFailure } from '../worker/failure.js';
import type { Paths } from './agreement.js';

export type StartWorker = (runtime: Runtime, name: string) => Promise<Worker>;

/** What a cell's worker is given. */
export interface CellFiles {
  weights: string;
  onnx?: string;
  inputs: Record<string, string>;
  /** Of an exported file: what the framework's worker said of its weights. */
  exported?: Pick<LoadAnswer, 'weights' | 'sameArchitecture'>;
  /** The export, where it was made just now. */
  conversion?: { start: bigint; end: bigint };
}

interface Exported extends Pick<LoadAnswer, 'weights' | 'sameArchitecture'> {
  conversion?: { start: bigint; end: bigint };
}

/** Models, inputs, exports and reference outputs, made when they are first needed and kept in the study's folder. */
export class StudyFiles {
  readonly #failedExports = new Map<string, WorkerFailure>();

  constructor(
    private readonly folder: string,
    private readonly table: RunTable,
    private readonly start: StartWorker,
  ) {}

  async of(cell: Cell): Promise<CellFiles> {
    const { model, batch, subject } = cell;
    const { runtime, provider, source = 'built-in', precision } = subject;
    // TensorRT makes halves of a float32 file by itself.
    const half = runtime === 'onnxruntime' && precision?.fp16 === true && provider !== 'tensorrt';
    const base = await cachedModel(model);
    const weights = join(dirname(base), 'weights.safetensors');
    const inputs = await this.#inputs(model, batch);
    if (runtime !== 'onnxruntime') return { weights, inputs };
    if (source === 'built-in') {
      return { weights, inputs, onnx: half ? await cachedModel(model, { precision: 'fp16' }) : base };
    }
    const onnx = this.#path('exports', `${source}-${model}-${batch}.onnx`);
    const { conversion, ...exported } = await this.#export(source, cell, onnx, weights);
    return { weights, inputs, onnx, exported, ...(conversion ? { conversion } : {}) };
  }

  /** Where TensorRT keeps a cell's engines; its null run has the same. */
  engines({ subject, model, batch }: Cell): string {
    const folder = this.#path('engines', `${subject.id}-${model}-${batch}`);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  /** A new folder for outputs of one run. */
  outputs(): string {
    const folder = this.#path('outputs');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  /** Outputs of ONNX Runtime on the processor for the same weights and inputs. */
  async reference(model: ModelName, batch: number): Promise<Paths> {
    const folder = this.#path('reference', `${model}-${batch}-${this.#inputKey()}`);
    if (!existsSync(folder)) await this.#makeReference(model, batch, folder);
    return npyFiles(folder);
  }

  async #makeReference(model: ModelName, batch: number, folder: string): Promise<void> {
    const temporary = `${folder}.tmp`;
    rmSync(temporary, { recursive: true, force: true });
    mkdirSync(temporary, { recursive: true });
    const onnx = await cachedModel(model);
    const inputs = await this.#inputs(model, batch);
    await this.#withWorker('onnxruntime', `reference-${model}-${batch}`, async (worker, timeout) => {
      await worker.request<'load'>(
        { op: 'load', ...this.#load(model, batch, join(dirname(onnx), 'weights.safetensors')), onnx },
        timeout,
      );
      await worker.request<'prepare'>({ op: 'prepare', inputs, batch }, timeout);
      await worker.request<'outputs'>({ op: 'outputs', folder: temporary }, timeout);
    });
    renameSync(temporary, folder);
  }

  #inputKey(): string {
    return `${this.table.sequenceLength}-${this.table.seed}`;
  }

  async #inputs(model: ModelName, batch: number): Promise<Record<string, string>> {
    const { seed, sequenceLength } = this.table;
    const out = this.#path('inputs', `${model}-${batch}-${this.#inputKey()}`);
    if (!existsSync(out)) await writeInputs(model, { out, batch, seed, sequenceLength });
    return npyFiles(out);
  }

  async #export(
    source: Exclude<OnnxSource, 'built-in'>,
    cell: Cell,
    onnx: string,
    weights: string,
  ): Promise<Exported> {
    const about = `${onnx}.json`;
    if (existsSync(about)) return JSON.parse(readFileSync(about, 'utf8')) as Exported;
    const before = this.#failedExports.get(onnx);
    if (before) throw before;
    try {
      const { exported, conversion } = await this.#makeExport(source, cell, onnx, weights);
      writeWhole(about, JSON.stringify(exported));
      return { ...exported, conversion };
    } catch (error) {
      if (!(error instanceof WorkerFailure)) throw error;
      const failure = new WorkerFailure(
        'impossible',
        `${source} cannot export ${cell.model} at batch ${cell.batch} as ONNX: ${error.message}`,
      );
      // One that was not tried to its end may do better the next time.
      if (['timeout', 'died', 'protocol', 'not-installed'].includes(error.code)) throw error;
      this.#failedExports.set(onnx, failure);
      throw failure;
    }
  }

  async #makeExport(
    source: Exclude<OnnxSource, 'built-in'>,
    { model, batch }: Cell,
    onnx: string,
    weights: string,
  ) {
    const { sequenceLength } = this.table;
    return this.#withWorker(source, `export-${source}-${model}-${batch}`, async (worker, timeout) => {
      const load = this.#load(model, batch, weights);
      const { answer } = await worker.request<'load'>({ op: 'load', ...load }, timeout);
      const start = mark();
      await worker.request<'export'>({ op: 'export', path: onnx, batch, sequenceLength }, timeout);
      const exported = { weights: answer.weights, sameArchitecture: answer.sameArchitecture };
      return { exported, conversion: { start, end: mark() } };
    });
  }

  #load(model: ModelName, batch: number, weights: string) {
    const { sequenceLength } = this.table;
    return { model, batch, sequenceLength, weights, provider: 'cpu' as const, precision: {}, options: {} };
  }

  async #withWorker<T>(
    runtime: Runtime,
    name: string,
    use: (worker: Worker, timeoutSeconds: number) => Promise<T>,
  ): Promise<T> {
    const timeout = this.table.protocol.timeoutSeconds;
    const worker = await this.start(runtime, name);
    try {
      await worker.request<'hello'>({ op: 'hello', protocol: 1 }, timeout);
      const result = await use(worker, timeout);
      await worker.close(timeout);
      return result;
    } finally {
      await worker.killed();
    }
  }

  #path(kind: string, name = ''): string {
    const folder = join(this.folder, kind);
    mkdirSync(folder, { recursive: true });
    return join(folder, name);
  }
}

/** It is there whole or not at all. */
function writeWhole(path: string, text: string): void {
  writing(path, () => {
    writeFileSync(`${path}.tmp`, text);
    renameSync(`${path}.tmp`, path);
  });
}

function npyFiles(folder: string): Record<string, string> {
  const names = readdirSync(folder).filter((name) => name.endsWith('.npy'));
  return Object.fromEntries(names.map((name) => [name.slice(0, -'.npy'.length), join(folder, name)]));
}
