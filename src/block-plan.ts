// What the blocks of a measurement are, before any has run.
import type { Length } from './length-options.js';
import { mark } from './mark.js';
import type { Quiet } from './measure-plan.js';
import type { EnergyRequest } from './meter-options.js';
import type { ReportedDevice } from './other-sessions.js';
import {
  type CounterTiming,
  chooseMode,
  type Mode,
  quietOfBlock,
  runsOfBlock,
} from './planner/block-design.js';
import type { EnergyKind, Mark } from './types/energy.js';

/** One window with its own quiet time; no runs: a sham. */
export interface BlockMarks {
  quietFrom: Mark;
  start: Mark;
  end: Mark;
  quietUntil: Mark;
  runs: number;
  /** Other sessions of the process were at work on the device, in the quiet times included. */
  disturbed?: boolean;
}

/** What a block is. */
export interface BlockDesign {
  mode: Mode;
  /** 0: until `minDurationMs` has passed. */
  runsPerBlock: number;
  minDurationMs: number;
  /** Of one block. */
  maxDurationMs: number;
  beforeMs: number;
  afterMs: number;
  sham: boolean;
  /** Start phases are spread over this time, counted from `origin`; 0: blocks begin when they can. */
  periodMs: number;
  origin: Mark;
}

export interface Round {
  design: BlockDesign;
  /** Number of the first block, counted from 0 over all rounds. */
  first: number;
  blocks: number;
  /** In all rounds, as far as is known by now. */
  planned: number;
  /** No block is begun that would end later than this after the round's begin. */
  budgetMs: number;
}

/** Runs blocks, each followed by its sham where the design has them; fewer than asked where the time is over. */
export type BlockRunner = (round: Round) => Promise<BlockMarks[]>;

export interface BlocksWanted {
  length: Length;
  kind: EnergyKind;
  /** Absent where the work is not a session's. */
  device?: ReportedDevice;
  quiet: Quiet;
  /** Quiet time on each side where a single block leaves it open. */
  defaultQuietMs: number;
  /** Of one run, where it had to be known. */
  runMs: number | undefined;
  /** Counters that a target is meant for. */
  targetIds: readonly string[];
  request: Pick<EnergyRequest, 'signal' | 'timeoutNs'>;
  onResolving?: () => void;
}

/** Whether the counter's timing decides what a block is: not of one window of runs back to back. */
export function needsTiming({ mode, target, runsPerBlock, sham }: Length): boolean {
  return mode !== 'sustained' || target !== undefined || runsPerBlock !== undefined || sham;
}

/** Whether the time of a run does. */
export function needsRunTime({ mode, target, runsPerBlock }: Length): boolean {
  return mode === 'auto' || (target !== undefined && mode === 'sustained' && runsPerBlock === undefined);
}

export function designBlocks(wanted: BlocksWanted, timing: CounterTiming | undefined): BlockDesign {
  const { length, quiet, kind } = wanted;
  const noQuiet = quiet.beforeMs === 0 || quiet.afterMs === 0;
  const runMs = wanted.runMs ?? 0;
  const mode: Mode =
    timing && !(length.mode === 'auto' && noQuiet)
      ? chooseMode(length.mode, runMs, timing)
      : length.mode === 'burst'
        ? 'burst'
        : 'sustained';
  const given = length.runsPerBlock ?? (mode === 'burst' ? 1 : undefined);
  const untilTime = length.minDurationMs !== undefined && given === undefined;
  const planned = timing ? runsOfBlock(mode, runMs, timing) : 1;
  const runsPerBlock = untilTime ? 0 : (given ?? length.runs ?? planned);
  const several = length.target !== undefined || (given !== undefined && length.runs !== given);
  // Blocks of the energy between two marks need no quiet time, bursts always do.
  const quietBlocks = several && (kind === 'caused' || wanted.defaultQuietMs > 0);
  const fallback = timing && (mode === 'burst' || quietBlocks) ? quietOfBlock(timing) : wanted.defaultQuietMs;
  return {
    mode,
    runsPerBlock,
    minDurationMs: length.minDurationMs ?? 0,
    maxDurationMs: length.maxDurationMs,
    beforeMs: quiet.beforeMs ?? fallback,
    afterMs: quiet.afterMs ?? fallback,
    sham: length.sham && timing !== undefined,
    periodMs: several && timing ? timing.periodMs : 0,
    origin: mark(),
  };
}
