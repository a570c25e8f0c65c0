import type { ErrorCode } from '../errors.js';
import type { Conditions, Mark, Quantity, Scope, SuspectCause } from './energy.js';
import type { AbortSignalLike } from './meter.js';

/** One stretch of time in which one kind of work ran. */
export interface Phase {
  /** Any name but 'rest', which is the time between phases. */
  label: string;
  a: Mark;
  b: Mark;
}

/** Many phases as columns: `labels[i]` ran from `marks[2 * i]` to `marks[2 * i + 1]`. */
export interface PhaseColumns {
  labels: readonly string[];
  marks: BigInt64Array;
}

export interface AttributionOptions {
  /** Time that is looked at, rest before the first phase and after the last one included. Default: from the one to the other. */
  range?: { a: Mark; b: Mark };
  /** Instants at which the device's power state changed (clocks, contexts): each state has a level of its own. */
  powerStates?: readonly Mark[];
  signal?: AbortSignalLike;
  /** How long to wait for the counter's edge after the last phase; default three of its periods. */
  timeoutMs?: number;
}

/** `confounded`: what the sequence of phases does not show of this label alone. */
export type AttributionTermName =
  | 'edge-timing'
  | 'accumulation'
  | 'quantum'
  | 'repeats'
  | 'kernel'
  | 'mark-delay'
  | 'phase'
  | 'confounded';

/** One contribution to the uncertainty of a label's power. */
export interface AttributionTerm {
  name: AttributionTermName;
  /** Contribution to the half-width of the 95 % interval, in W. */
  uncertainty: number;
}

interface LabelCommon {
  occurrences: number;
  /** All its phases together. */
  durationMs: number;
}

export type MeasuredLabel = LabelCommon & {
  status: 'ok' | 'below-resolution';
  /** Mean power while it ran, W. */
  power: Quantity;
  /** Mean power times the mean length of its phases, J. */
  perOccurrence: Quantity;
  /** Its part of the counter's total, J: over all labels they sum to it. */
  total: Quantity;
  /** Of `power`. */
  budget: { coverage: 0.95; terms: AttributionTerm[] };
};

/** The sequence of phases does not show this label's power apart from the others'. */
export type ConfoundedLabel = LabelCommon & { status: 'not-identifiable'; reason: string };

export type LabelEnergy = MeasuredLabel | ConfoundedLabel;

/** Whether a label's power depends on what came before it. */
export interface LagInteraction {
  /** Chance of data like these where it does not. */
  pValue: number;
  /** `pValue` is below 0.01: the label's mean power holds for this order of phases. */
  found: boolean;
  degreesOfFreedom: [between: number, within: number];
}

interface AttributionFigures {
  /** By label, in the order in which they first came, 'rest' last where there is any. */
  labels: Record<string, LabelEnergy>;
  /** Of the powers of the labels that have one, W², in the order of `labels`: for any sum of them U = 1.96 sqrt(w' C w). */
  covariance: { labels: string[]; values: number[][] };
  /** What the counter showed between the first edge used and the last one. */
  total: Quantity;
  /** Null: no label came after different ones often enough. */
  interaction: LagInteraction | null;
  /** Sentences for the person who reads the figures. */
  notes: string[];
  /** Intervals of the counter that were used, and what they leave over for their own errors. */
  intervals: number;
  degreesOfFreedom: number;
  identifiability: Identifiability;
}

export interface Identifiability {
  /**
   * Singular values of the whitened design, descending: what the counter shows of a contrast of the mean power between
   * labels in one interval, over the noise of that interval.
   */
  signals: number[];
  /** How large the errors of the edges' instants alone would make each of them. */
  chance: number[];
  /** A contrast with a signal below this, or below 1.4 times its chance, is left out. */
  leastSignal: number;
}

interface AttributionCommon {
  /** Scope and index: 'board-0', 'package-1'. */
  id: string;
  scope: Scope;
  method: string;
}

export type MeasuredAttribution = AttributionCommon &
  AttributionFigures & { status: 'ok' | 'below-resolution' };

export type SuspectAttribution = AttributionCommon &
  Partial<AttributionFigures> & {
    status: 'suspect';
    cause: SuspectCause;
    /** One sentence. */
    reason: string;
  };

/** The counter was read, and its total is known; the phases cannot be told apart. */
export type UnidentifiedAttribution = AttributionCommon &
  Partial<AttributionFigures> & {
    status: 'not-identifiable';
    reason: string;
    remedy: string;
  };

export type UnsupportedAttribution = AttributionCommon & {
  status: 'unsupported';
  code: ErrorCode;
  reason: string;
  remedy?: string;
};

/** Powers of labels as one counter shows them. */
export type ChannelAttribution =
  | MeasuredAttribution
  | SuspectAttribution
  | UnidentifiedAttribution
  | UnsupportedAttribution;

/** What `meter.attribute` gives. */
export interface Attribution {
  start: Mark;
  end: Mark;
  durationMs: number;
  scopes: Record<string, ChannelAttribution>;
  /** The only board. */
  board?: ChannelAttribution;
  conditions: Conditions;
  /** True where the counters are the labelled fake of the demo or of tests. */
  simulated: boolean;
}
