import { refuse } from '../refuse.js';
import type { Cell, Plan, PlannedRun } from '../types/table.js';

export interface Shard {
  index: number;
  of: number;
}

/** '2/4': the second of four. */
export function readShard(text: string): Shard {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  const [index, of] = [Number(match?.[1]), Number(match?.[2])];
  if (!match || of < 1 || index < 1 || index > of) {
    throw refuse(`--shard takes i/n with i from 1 to n, such as 2/4, not '${text}'.`);
  }
  return { index, of };
}

/**
 * The runs of a shard. Machines differ, so that all subjects of a block (a repetition of one model at one batch size) run
 * on one machine, and the blocks are dealt out in turn: the repetitions of one model and batch size one after the other, so
 * that they meet as many machines as there are.
 */
export function runsOf(plan: Plan, shard: Shard | null): PlannedRun[] {
  if (!shard) return plan.runs;
  const cells = new Map(plan.cells.map((cell) => [cell.id, cell]));
  const blockOf = (run: PlannedRun) => {
    const { model, batch } = cells.get(run.cell) as Cell;
    return `${model} ${batch} ${run.repetition}`;
  };
  const blocks = [...new Set(plan.runs.map(blockOf))].sort(byNumber);
  const mine = new Set(blocks.filter((_, i) => i % shard.of === shard.index - 1));
  return plan.runs.filter((run) => mine.has(blockOf(run)));
}

const byNumber = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });
