// What the analysis makes of a journal: plain data, written as analysis.json, from which the report is made. Energies
// are J, powers W, durations s, unless the name says otherwise; every uncertainty is the half-width of a 95 % interval.

import type { Machine } from '../types/journal.js';
import type { CallPath, ModelName, Provider, RunTable, Runtime } from '../types/table.js';
import type { DunnPair, KruskalWallis } from './stats/kruskal-dunn.js';
import type { PairedDifference } from './stats/paired.js';
import type { ShapiroWilk } from './stats/shapiro-wilk.js';
import type { Spearman } from './stats/spearman.js';
import type { TwoSamples } from './stats/two-samples.js';

/** A number that was measured, or the reason why there is none. */
export type Reading = Value | NotMeasured;

export interface Value {
  value: number;
  /** Null: of a single run whose own uncertainty is not known. */
  uncertainty: number | null;
  /** With the gain of the board, of energies and powers. */
  combinedUncertainty?: number | null;
  /** Runs that it is the mean of. */
  n: number;
}

export interface NotMeasured {
  notMeasured: string;
}

export const isValue = (reading: Reading): reading is Value => 'value' in reading;

/** `gpu`: the board that the cell ran on; `cpu`: packages, with their DRAM where it has a counter; `total`: both. */
export type Sensors = 'total' | 'gpu' | 'cpu';
/** `net`: above idle with the model resident. */
export type Basis = 'net' | 'gross';
/** What cells are compared by. */
export type Metric = Basis | 'time';

export type CellStatus = 'ok' | 'impossible' | 'failed' | 'disagrees' | 'not-run';

export type EnergyReadings = Record<Sensors, Record<Basis, Reading>>;

export interface CellResult {
  id: string;
  subject: string;
  /** 'PyTorch CUDA'. */
  label: string;
  model: ModelName;
  batch: number;
  runtime: Runtime;
  provider: Provider;
  source: string | null;
  callPath: CallPath | null;
  /** A repetition of another subject: the null run. */
  null: boolean;
  status: CellStatus;
  /** Of every status but ok. */
  reason: string | null;
  /** Takes part in comparisons. */
  ranked: boolean;
  notes: string[];
  /** Runs: planned, that ended well, of these excluded, that failed. */
  planned: number;
  n: number;
  excluded: number;
  failed: number;
  /** J over the steady state. */
  energy: EnergyReadings;
  /** J. */
  perInference: EnergyReadings;
  idleW: Record<'gpu' | 'cpu', Reading>;
  meanGpuPowerW: Reading;
  meanGpuUtilPercent: Reading;
  meanGpuMemUtilPercent: Reading;
  elapsedSeconds: Reading;
  secondsPerInference: Reading;
  inferencesPerSecond: Reading;
  latencyMs: { p50: Reading; p99: Reading; each: boolean | null };
  cpuSecondsPerInference: Reading;
  versions: Record<string, string>;
}

/** One run that counts, as it enters the means. */
export interface RunRow {
  id: string;
  cell: string;
  repetition: number;
  sequence: number;
  segment: number;
  inferences: number;
  seconds: number;
  /** J over the steady state; null: not measured. */
  energy: Record<Sensors, Record<Basis, number | null>>;
  gpuUtilPercent: number | null;
  gpuMemUtilPercent: number | null;
  latencyP50Ms: number;
  latencyP99Ms: number;
  cpuSeconds: number | null;
  excluded: string | null;
}

export interface ExcludedRow {
  run: string;
  cell: string;
  why: 'outlier' | 'suspect' | 'duplicate';
  reason: string;
}

export interface FailedRun {
  run: string;
  cell: string;
  status: 'failed' | 'impossible';
  repetition: number;
  sequence: number;
  segment: number;
  during: string;
  reason: string;
  log: string[];
}

export interface FailedCheck {
  run: string;
  cell: string;
  check: 'gate' | 'sampling' | 'agreement' | 'throttling' | 'other-work' | 'energy' | 'configuration';
  reason: string;
}

/** Of the first over the second. */
export interface Ratio {
  ratio: number;
  /** Null where the interval of the second holds 0, or there is none. */
  lo: number | null;
  hi: number | null;
  /** Why there is none. */
  noInterval?: string;
  /** Runs compared in so many pairs, each of one repetition on one machine; absent: as two samples. */
  pairs?: number;
}

export type Verdict = 'less' | 'same' | 'open';

/** Two cells of one group, the one that took less first. */
export interface Comparison {
  a: string;
  b: string;
  /** What the verdict is on. */
  metric: Metric;
  sensors: Sensors | null;
  ratio: Ratio;
  /** The same of the other readings, where there are any. */
  others: Partial<Record<Metric, Ratio>>;
  test: (TwoSamples & { corrected: number }) | null;
  verdict: Verdict;
  /** Why the verdict is open. */
  because: string | null;
  sentence: string;
}

export interface Floor {
  /** Largest relative difference that A against A allows: the far end of its interval. */
  relative: number;
  /** Null runs of this group, or of another one because it has none. */
  from: 'group' | 'study';
  pair: string;
  ratio: Ratio;
}

/** All subjects with one model and one batch size, compared by one metric. */
export interface GroupTests {
  metric: Metric;
  sensors: Sensors | null;
  cells: string[];
  /** Cells without this reading. */
  left: { cell: string; reason: string }[];
  kruskalWallis: KruskalWallis | null;
  dunn: (Omit<DunnPair, 'a' | 'b'> & { a: string; b: string })[];
  floor: Floor | null;
  comparisons: Comparison[];
  /** Where the runs are too few for a corrected test to succeed. */
  tooFew: string[];
}

export interface Group {
  model: ModelName;
  batch: number;
  /** On energy; null where no two cells have one in common. */
  energy: GroupTests | null;
  time: GroupTests | null;
}

export type Answer = 'holds' | 'does not hold' | 'cannot be told';

export interface FindingEvidence {
  group: string;
  /** `aside`: told beside it, and not counted. */
  bearing: 'supports' | 'contradicts' | 'open' | 'aside';
  /** Of the one that is said to be better over the other; null: not compared. */
  ratio: number | null;
  text: string;
}

export interface Finding {
  id: string;
  /** As the paper has it. */
  claim: string;
  on: 'GPU' | 'CPU';
  answer: Answer;
  summary: string;
  evidence: FindingEvidence[];
  /** By time, where energy does not tell. */
  byTime: { answer: Answer; summary: string; evidence: FindingEvidence[] };
}

export interface BreakEven {
  cell: string;
  against: string;
  model: ModelName;
  batch: number;
  /** Of the engine, or engines, of this cell, in whatever run of the journal; all other runs took theirs from the cache. */
  builds: number;
  buildSeconds: Reading;
  buildJ: Reading;
  sensors: Sensors | null;
  /** Inferences after which the build has paid for itself. */
  inferences: { energy: Count; time: Count };
}

/** A number of inferences with its 95 % interval, or without one, and why; or why there is no number. */
export type Count =
  | { value: number; lo: number; hi: number }
  | { value: number; noInterval: string }
  | { never: string }
  | { unknown: string /** With 95 % confidence. */; atLeast?: number };

export interface CompatRow {
  cell: string;
  n: number;
  /** J an inference, as found in 2024's way, net of mean idle. */
  gpuJ: Reading;
  cpuJ: Reading;
  /** Over what the counters give, net. */
  gpuRatio: number | null;
  cpuRatio: number | null;
  note: string;
}

/** What subtracting idle does to a comparison. */
export interface ReadingRow {
  model: ModelName;
  batch: number;
  cell: string;
  reference: string;
  sensors: Sensors;
  gross: Ratio;
  net: Ratio;
  idleW: Reading;
}

/** What the meter's sampling did to the time of an inference in one cell. */
export interface OverheadRow {
  cell: string;
  /** Runs and pairs of blocks that tell. */
  runs: number;
  pairs: number;
  /** Relative, of sampling doubled over not; null: not told. */
  difference: PairedDifference | null;
  sentence: string;
}

export interface NormalityRow {
  cell: string;
  metric: Metric;
  n: number;
  result: ShapiroWilk | null;
  normal: boolean;
}

export interface CorrelationRow {
  /** 'all', or a model. */
  of: string;
  sensors: Sensors;
  basis: Basis;
  result: Spearman | null;
  n: number;
}

export interface Analysis {
  v: 1;
  study: string;
  simulated: boolean;
  table: RunTable;
  tableHash: string;
  machines: Machine[];
  versions: Record<string, string>;
  shards: { index: number; of: number }[];
  /** Of the first run's start and the last one's end. */
  from: string | null;
  to: string | null;
  complete: boolean;
  plannedRuns: number;
  cells: CellResult[];
  runs: RunRow[];
  excluded: ExcludedRow[];
  failures: FailedRun[];
  checks: FailedCheck[];
  normality: NormalityRow[];
  groups: Group[];
  correlations: CorrelationRow[];
  findings: Finding[];
  breakEven: BreakEven[];
  compat2024: CompatRow[];
  readings: ReadingRow[];
  overhead: OverheadRow[];
  notes: string[];
}
