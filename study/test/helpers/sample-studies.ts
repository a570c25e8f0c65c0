// Studies of which reports are made and looked at: the whole comparison on a GPU, with what goes wrong in one, and one on
// processors whose energy could not be measured.
import type { JournalRecord, RunRecord } from '../../src/types/journal.js';
import type { Cell, RunTable, Subject } from '../../src/types/table.js';
import { gpuSubject, type Synthetic, syntheticJournal, type Truth } from './synthetic-journal.js';

const GPU: Subject[] = [
  gpuSubject('pytorch-cuda', 'pytorch'),
  gpuSubject('tensorflow-cuda', 'tensorflow'),
  gpuSubject('tensorflow-predict-cuda', 'tensorflow', { callPath: 'predict' }),
  gpuSubject('mxnet-cuda', 'mxnet'),
  gpuSubject('ort-cuda', 'onnxruntime'),
  gpuSubject('ort-tensorrt', 'onnxruntime', { provider: 'tensorrt' }),
  gpuSubject('pytorch-ort-cuda', 'onnxruntime', { source: 'pytorch' }),
  gpuSubject('tensorflow-ort-cuda', 'onnxruntime', { source: 'tensorflow' }),
];

/** Over ONNX Runtime's CUDA: energy above idle, time, and the processor's part of it. */
const RELATIVE: Record<string, [joules: number, seconds: number, processor: number]> = {
  'pytorch-cuda': [1.2, 1.35, 0.2],
  'tensorflow-cuda': [1.32, 1.5, 0.25],
  'tensorflow-predict-cuda': [1.9, 9, 0.9],
  'mxnet-cuda': [1.21, 1.3, 0.13],
  'ort-cuda': [1, 1, 0.11],
  'ort-tensorrt': [0.37, 0.29, 0.1],
  'pytorch-ort-cuda': [0.99, 1.0, 0.11],
  'tensorflow-ort-cuda': [1.03, 1.04, 0.11],
};
const MODELS: Record<string, [joules: number, seconds: number]> = {
  resnet50: [0.42, 0.0021],
  mobilenetv2: [0.14, 0.0011],
  'bert-base': [0.9, 0.0039],
};

function truth({ subject, model, batch }: Cell): Truth {
  const [relative = 1, slower = 1, processor = 0.1] = RELATIVE[subject.id] ?? [];
  const [joules = 1, seconds = 1] = MODELS[model] ?? [];
  const larger = batch === 1 ? 1 : 18;
  const build = subject.provider === 'tensorrt' ? { build: { seconds: 48 + larger, joules: 9200 } } : {};
  const energy = joules * relative * larger;
  return { gpuJ: energy, cpuJ: energy * processor, seconds: seconds * slower * larger, ...build };
}

/** A log line of a worker, as hostile as one can be to a page. */
export const HOSTILE = '</pre><script>alert("x")</script> \u001b[31mKilled & gone\u001b[0m';

function trouble(run: RunRecord): RunRecord {
  if (run.cell.startsWith('mxnet-cuda/')) {
    const reason = 'MXNet 1.9.1 holds machine code for sm_50 to sm_86 and no PTX: this GPU is sm_90.';
    return failed(run, 'impossible', 'load', reason, []);
  }
  if (run.id === 'tensorflow-cuda/bert-base/64#2') {
    return failed(run, 'failed', 'steady', 'The worker ended by signal SIGKILL.', [HOSTILE, 'Out of memory']);
  }
  if (run.cell.startsWith('tensorflow-ort-cuda/mobilenetv2/')) {
    return { ...run, agreement: { compared: true, error: 0.21, tolerance: 1e-3, agrees: false } };
  }
  if (run.id === 'pytorch-cuda/resnet50/1#3') {
    for (const energy of run.steady?.energies ?? []) if (energy.net) energy.net.value *= 1.4;
  }
  if (run.id === 'ort-cuda/resnet50/64#1' && run.gate) {
    return {
      ...run,
      gate: { ...run.gate, passed: false, reason: 'the load average stayed at 1.8 for 120 s' },
    };
  }
  return run;
}

function failed(
  { steady: _, timeline: __, ...rest }: RunRecord,
  status: 'failed' | 'impossible',
  during: 'load' | 'steady',
  reason: string,
  log: string[],
): RunRecord {
  return { ...rest, status, failure: { during, reason, log } };
}

/** Sampling costs a tenth of a per cent; of the slowest cell it is not told. */
function withOverhead(run: RunRecord): RunRecord {
  const { steady, sequence } = run;
  if (!steady) return run;
  const each = steady.seconds / steady.inferences;
  if (each > 0.15) return { ...run, overhead: { pairs: [], reason: '3 pairs of blocks take too long' } };
  const pairs = Array.from({ length: 6 }, (_, i): [number, number] => [
    each * (1.001 + 0.002 * Math.sin(7 * sequence + i)),
    each,
  ]);
  return { ...run, overhead: { pairs, inferencesPerBlock: Math.ceil(0.1 / each) } };
}

export function gpuStudy(table: Partial<RunTable> = {}): JournalRecord[] {
  return syntheticJournal({
    seed: 20261127,
    table: {
      name: 'Runtimes on one GPU',
      subjects: GPU,
      models: ['resnet50', 'mobilenetv2', 'bert-base'],
      batches: [1, 64],
      repetitions: 10,
      seed: 20240414,
      nullRun: { subject: 'ort-cuda' },
      outliers: { rule: 'iqr', factor: 6 },
      compat2024: { enabled: true, idleSeconds: 600 },
      ...table,
    },
    truth,
    scatter: 0.006,
    shared: 0.003,
    gain: 0.05,
    idleCpuW: 62,
    timelines: true,
    edit: (run) => withOverhead(trouble(run)),
  });
}

export function cpuStudy(more: Partial<Synthetic> = {}): JournalRecord[] {
  const runtimes = ['pytorch', 'tensorflow', 'mxnet', 'onnxruntime'] as const;
  const seconds: Record<string, number> = {
    pytorch: 0.046,
    tensorflow: 0.1,
    mxnet: 0.088,
    onnxruntime: 0.039,
  };
  return syntheticJournal({
    seed: 8,
    table: {
      name: 'Four runtimes on a processor',
      subjects: runtimes.map((runtime) => ({ id: `${runtime}-cpu`, runtime, provider: 'cpu' })),
      batches: [1, 4],
      repetitions: 3,
    },
    truth: ({ subject, batch }) => ({
      gpuJ: 0,
      cpuJ: 1,
      seconds: (seconds[subject.runtime] as number) * batch,
    }),
    scatter: 0.02,
    cpuMeasured: false,
    ...more,
  });
}
