// The journal: append-only NDJSON, one record a line, each on disk before the next begins. Analysis and report read
// nothing else. Energies are J, powers W, instants ns of CLOCK_MONOTONIC as decimal strings, wall-clock times ISO 8601.
import type { BudgetTerm, DeviceConditions, Range } from 'microjoule';
import type { HelloAnswer, InferAnswer, LoadAnswer } from './protocol.js';
import type { Cell, PlannedRun, RunTable } from './table.js';

/** First record, and again where a run of the study goes on on another machine or with another table. */
export interface SegmentRecord {
  type: 'segment';
  v: 1;
  study: string;
  segment: number;
  at: string;
  table: RunTable;
  tableHash: string;
  machine: Machine;
  machineHash: string;
  versions: Record<string, string>;
  cells: Cell[];
  runs: PlannedRun[];
  shard: { index: number; of: number } | null;
  /** Counters are the labelled fake of tests and the demo. */
  simulated: boolean;
}

export interface Machine {
  hostname: string;
  cpu: string;
  logicalCpus: number;
  memoryBytes: number;
  kernel: string;
  os: string;
  governor: string | null;
  gpus: { name: string; uuid: string; powerLimitW: number | null }[];
  driver: string | null;
}

/** A quantity as the library gives it, with what is needed to form covariances with others. */
export interface JournalQuantity {
  value: number;
  uncertainty: number;
  combinedUncertainty: number;
}

/** Energy of one scope over one window. */
export interface ScopeEnergy {
  /** 'board-0', 'package-0', 'dram-0'. */
  id: string;
  scope: string;
  status: 'ok' | 'below-resolution' | 'suspect' | 'unsupported';
  /** Of suspect and unsupported. */
  reason?: string;
  method?: string;
  /** Integral of power over the window. */
  gross?: JournalQuantity;
  /** Above idle with the model resident; may be negative. */
  net?: JournalQuantity;
  /** Idle level subtracted. */
  idleW?: JournalQuantity;
  /** Of the figure of interest, net where there is one; keys tell what is shared between runs. */
  terms?: BudgetTerm[];
  /** Of `gross`, where `terms` are those of `net`. Absent: all of its uncertainty counts as shared. */
  grossTerms?: BudgetTerm[];
  /** Relative half-width of the gain, and its key. */
  gain?: { relative: number; key: string };
}

export type PhaseName =
  | 'idle-bare-before'
  | 'load'
  | 'conversion'
  | 'engine-build'
  | 'idle-resident-before'
  | 'first-call'
  | 'warm-up'
  | 'overhead'
  | 'steady'
  | 'tail'
  | 'idle-resident-after'
  | 'idle-bare-after'
  | 'sham';

export interface PhaseRecord {
  name: PhaseName;
  startNs: string;
  endNs: string;
  seconds: number;
  energies: ScopeEnergy[];
}

export interface SteadyState {
  inferences: number;
  batch: number;
  seconds: number;
  synchronised: InferAnswer['synchronised'];
  latencyMs: { mean: number; p50: number; p90: number; p99: number; min: number; max: number; each: boolean };
  energies: ScopeEnergy[];
  /** User and system seconds of the worker's processes. */
  cpuSeconds: number | null;
  devices: DeviceConditions[];
  /** Of the board's device, time-weighted over the window. */
  meanGpuUtilisationPercent: number | null;
  meanGpuMemoryUtilisationPercent: number | null;
}

/** How a gate ended; `unknown` figures do not hold it up. */
export interface Gate {
  passed: boolean;
  waitedSeconds: number;
  powerRelativeSd: number | null;
  loadAverage1: number;
  temperatureC: number | null;
  otherWork: 'none' | 'busy' | 'unknown';
  /** Of a gate that timed out. */
  reason?: string;
}

/** Against the reference outputs of microjoule-models' weights; null: not compared, with the reason. */
export interface Agreement {
  compared: boolean;
  reason?: string;
  /** Largest difference over largest value, the worst output. */
  error?: number;
  tolerance?: number;
  agrees?: boolean;
}

/** The method of the 2024 paper, on the same window. */
export interface Compat2024 {
  gpuJ: number | null;
  cpuJ: number | null;
  seconds: number;
  idleGpuW: number | null;
  idleCpuW: number | null;
  samples: number;
  note: string;
}

/** What the meter's sampling does to the time of an inference: blocks beside a second meter, and without it. */
export interface Overhead {
  /** Seconds an inference, of each pair of blocks; none: not told. */
  pairs: [on: number, off: number][];
  inferencesPerBlock?: number;
  /** Why there are none. */
  reason?: string;
}

export interface RunRecord {
  type: 'run';
  v: 1;
  segment: number;
  id: string;
  cell: string;
  repetition: number;
  /** Place in the order in which runs were made, from 0. */
  sequence: number;
  startedAt: string;
  endedAt: string;
  /** `impossible`: this runtime cannot do it here, as it found itself. */
  status: 'ok' | 'failed' | 'impossible';
  failure?: {
    during: 'gate' | 'start' | PhaseName | 'outputs' | 'close' | 'energy';
    reason: string;
    /** Last lines of the worker's standard error; the whole is in logs/. */
    log: string[];
  };
  worker?: { hello: HelloAnswer; load?: LoadAnswer; inputHash?: string; pid: number };
  gate: Gate | null;
  phases: PhaseRecord[];
  steady?: SteadyState;
  temperatureC: Range | null;
  agreement?: Agreement;
  compat2024?: Compat2024;
  /** Power over the run, at most 300 points a counter, for plots only. */
  timeline?: PowerSeries[];
  overhead?: Overhead;
  /** Cost of the meter's own threads over the run, CPU seconds. */
  meterCpuSeconds: number | null;
}

/** Seconds after `startNs` of the run's first phase, and W there. */
export interface PowerSeries {
  id: string;
  seconds: number[];
  watts: number[];
}

/** A study was told to stop, or ended. */
export interface EndRecord {
  type: 'end';
  v: 1;
  segment: number;
  at: string;
  reason: 'done' | 'interrupted';
}

export type JournalRecord = SegmentRecord | RunRecord | EndRecord;
