// A plan and its end, in one sentence each.
import type { BudgetTerm } from '../types/energy.js';
import type { Mode } from './block-design.js';
import type { Outcome } from './planner.js';
import type { RepeatedFigure } from './repeats.js';

export interface PlanDescription {
  runMs: number;
  watts: number | undefined;
  runs: number;
  blocks: number;
  runsPerBlock: number;
  mode: Mode;
  relative: number;
  /** Undefined where too few blocks had a figure. */
  mean: RepeatedFigure | undefined;
  outcome: Outcome;
  /** Blocks that the target would have taken. */
  wanted: number;
  blockMs: number;
  maxDurationMs: number;
}

/** '2.20 ms at 310 W: 1,900 runs in 10 blocks of 190 back to back for 2 %, 1.6 % reached.' */
export function planSentence(plan: PlanDescription): string {
  const { runMs, watts, runs, relative, outcome } = plan;
  const work = watts === undefined ? duration(runMs) : `${duration(runMs)} at ${watts.toPrecision(3)} W`;
  const done = `${work}: ${count(runs, 'run')} ${shape(plan)}`;
  const got = achieved(plan);
  if (outcome === 'reached') return `${done} for ${percent(relative)}, ${got} reached.`;
  const instead = got === undefined ? 'gave no figure' : `gave ${got}`;
  return `${done} ${instead}, not the ${percent(relative)} asked for: ${lowered(stopReason(plan))}`;
}

/** Why a target was not reached. */
export function stopReason(plan: PlanDescription): string {
  const { outcome, mean, wanted, blocks, blockMs, maxDurationMs, relative } = plan;
  if (!mean) return 'Most of its blocks were suspect.';
  if (mean.value === 0) return 'The runs cannot be told from idle here.';
  if (outcome === 'unreachable') {
    const why = `It is unreachable here: what repeats do not shrink is as wide as the target (${sharedList(mean)}).`;
    return largestShared(mean) === 'prior'
      ? `${why} One block tells too little: try more runs in a block.`
      : why;
  }
  if (outcome === 'out-of-time' && wanted > blocks) {
    const time = duration(wanted * blockMs);
    return `It would take about ${count(wanted, 'block')} or ${time}, and the time was limited to ${duration(maxDurationMs)}.`;
  }
  if (outcome === 'out-of-time')
    return `The time was limited to ${duration(maxDurationMs)}, too short for a pilot.`;
  return `The blocks scatter more than their first ones did, and ${percent(relative)} was missed after the one extension.`;
}

function shape({ mode, blocks, runsPerBlock }: PlanDescription): string {
  if (mode === 'burst' && runsPerBlock === 1) return 'in single bursts';
  return `in ${count(blocks, 'block')} of ${runsPerBlock.toLocaleString('en-US')}${mode === 'sustained' ? ' back to back' : ''}`;
}

function achieved({ mean }: PlanDescription): string | undefined {
  return mean && mean.value !== 0 ? percent(mean.uncertainty / Math.abs(mean.value)) : undefined;
}

function sharedTerms(mean: RepeatedFigure): BudgetTerm[] {
  return mean.terms.filter((term) => term.name !== 'repeats').sort((a, b) => b.uncertainty - a.uncertainty);
}

function largestShared(mean: RepeatedFigure): string | undefined {
  return sharedTerms(mean)[0]?.name;
}

function sharedList(mean: RepeatedFigure): string {
  return sharedTerms(mean)
    .map((term) => `${term.name} ${percent(term.uncertainty / Math.abs(mean.value))}`)
    .join(', ');
}

function percent(share: number): string {
  return `${Number((100 * share).toPrecision(2))} %`;
}

function count(n: number, what: string): string {
  return `${n.toLocaleString('en-US')} ${what}${n === 1 ? '' : 's'}`;
}

function duration(ms: number): string {
  if (ms < 1e3) return `${ms.toPrecision(3)} ms`;
  if (ms < 120e3) return `${(ms / 1e3).toPrecision(3)} s`;
  return ms < 7200e3 ? `${(ms / 60e3).toPrecision(3)} min` : `${(ms / 3600e3).toPrecision(3)} h`;
}

function lowered(sentence: string): string {
  return sentence.charAt(0).toLowerCase() + sentence.slice(1);
}
