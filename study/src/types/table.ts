// The run table: what is compared with what, and how each run goes. Written by hand as YAML, checked before anything
// starts, and kept whole in the journal. Durations are seconds.

export type Runtime = 'pytorch' | 'tensorflow' | 'onnxruntime' | 'mxnet';
export type Provider = 'cpu' | 'cuda' | 'tensorrt';
export type ModelName = 'resnet50' | 'mobilenetv2' | 'bert-base';

/** Where ONNX Runtime's file comes from: microjoule-models, or the export of a framework. */
export type OnnxSource = 'built-in' | 'pytorch' | 'tensorflow' | 'mxnet';

/** How a framework is called, where it has several ways; each runtime's first is its default. */
export type CallPath =
  | 'inference_mode' // pytorch
  | 'eager'
  | 'compile'
  | 'cuda_graph'
  | 'function' // tensorflow: tf.function
  | 'call' // tensorflow: model(x)
  | 'predict' // tensorflow: model.predict(x)
  | 'hybrid' // mxnet: a hybridized block
  | 'run' // onnxruntime
  | 'graph'; // onnxruntime: a CUDA graph

export interface Precision {
  /** Absent: the runtime's own default, which is recorded. */
  tf32?: boolean;
  fp16?: boolean;
}

/** One contender: a cell of the table is a subject with a model and a batch size. */
export interface Subject {
  /** Unique: 'pytorch-cuda'. */
  id: string;
  runtime: Runtime;
  provider: Provider;
  /** onnxruntime only. Default 'built-in'. */
  source?: OnnxSource;
  callPath?: CallPath;
  /** onnxruntime on a GPU. Default 'host', which is what the others do too: inputs from ordinary memory, outputs to it. */
  dataPath?: 'host' | 'pinned' | 'device';
  precision?: Precision;
  /** Threads within one operator; absent: the runtime's own default, which is recorded. */
  threads?: number;
  cudnnAutotune?: boolean;
  /** tensorrt only: engines are built once a cell and kept in the study's folder. Default true; false: each run builds. */
  engineCache?: boolean;
  /** Passed to the runtime as they are. */
  options?: Record<string, string | number | boolean>;
}

/** Of one run; study.md 3 to 13. */
export interface Protocol {
  /** Steady state: inferences are sized to fill it, and the window is no shorter. Default 5. */
  windowSeconds: number;
  /** Dropped before the window: at least so many inferences and so many seconds, and until temperature is level. */
  warmup: { inferences: number; seconds: number; maxSlopeCPerMinute: number; timeoutSeconds: number };
  /** Quiet time: bare (no worker), and with the model resident, before and after. */
  idle: { bareSeconds: number; residentSeconds: number };
  /** What must hold before a run starts; none where a figure cannot be read, which is recorded. */
  stability: {
    powerRelativeSd: number;
    loadAverage1: number;
    /** Within so many degrees of the temperature before the first run. */
    temperatureC: number;
    otherWork: 'wait' | 'ignore';
    timeoutSeconds: number;
  };
  /** Blocks that tell what sampling does to the time of an inference; 0: none. Default 2. */
  overheadSeconds: number;
  /** At least so long between two runs. */
  cooldownSeconds: number;
  /** The worker is given up when one request takes longer. */
  timeoutSeconds: number;
}

/** The table with all defaults filled in. */
export interface RunTable {
  version: 1;
  name: string;
  seed: number;
  repetitions: number;
  models: ModelName[];
  batches: number[];
  subjects: Subject[];
  /** Cells left out by hand; every field given must match. */
  exclude: { subject?: string; model?: ModelName; batch?: number; reason: string }[];
  protocol: Protocol;
  /** A against A: this subject is run once more under another name; the floor of what is called a difference. */
  nullRun: { subject: string } | null;
  /** Length of BERT's sequences. */
  sequenceLength: number;
  /** Outlier rule, fixed before the run and applied to every cell or to none. */
  outliers: { rule: 'none' } | { rule: 'iqr'; factor: number };
  /** Outputs of runtimes with the same weights must agree within this, relative to the largest value. */
  agreement: { fp32: number; tf32: number; fp16: number };
  /** Adds the method of the 2024 paper on the same run: power polled each 10 ms, mean idle power subtracted. */
  compat2024: { enabled: boolean; idleSeconds: number };
  /** Interpreters by runtime; absent: the environment that setup-runtimes makes. */
  interpreters: Partial<Record<Runtime, string>>;
}

/** A cell of the plan. Cells that cannot be run stay in it, with their reason. */
export interface Cell {
  /** 'pytorch-cuda/resnet50/1'; of the null run 'pytorch-cuda~null/resnet50/1'. */
  id: string;
  subject: Subject;
  model: ModelName;
  batch: number;
  null: boolean;
  /** Set where it will not be run: ruled out by hand, or by what is known before the start. */
  impossible?: { reason: string; by: 'table' | 'plan' };
}

export interface PlannedRun {
  /** 'pytorch-cuda/resnet50/1#3'. */
  id: string;
  cell: string;
  repetition: number;
}

export interface Plan {
  cells: Cell[];
  /** In the order in which they are run: repetition by repetition, each shuffled by the seed. */
  runs: PlannedRun[];
}
