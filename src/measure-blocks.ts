// Blocks of runs until there are enough of them: rounds of blocks, the energies of each round, and the planner between.
import {
  type BlockDesign,
  type BlockMarks,
  type BlockRunner,
  type BlocksWanted,
  designBlocks,
  needsTiming,
} from './block-plan.js';
import { mark } from './mark.js';
import type { Meter } from './meter.js';
import { disturbed } from './other-sessions.js';
import type { Mode } from './planner/block-design.js';
import { nextStep, PILOT_BLOCKS, PLANNED_ALPHA, type Stage, type Step } from './planner/planner.js';
import { ENOUGH_FOR_SCATTER, meanOfBlocks, PLAIN_ALPHA } from './planner/repeats.js';
import { planSentence, stopReason } from './planner/sentence.js';
import { refuseForgotten } from './remembered.js';
import { blockFigures } from './repeated-energy.js';
import { type BlockReports, blocksOf, repeatedReport, shamOf } from './repeated-report.js';
import { totalled } from './total.js';
import type { EnergyReport, Mark } from './types/energy.js';
import type { Block, Plan, Sham } from './types/meter.js';

const NS_PER_MS = 1e6;
/** Blocks are resolved while the meter still holds them at full resolution. */
const SHARE_OF_HISTORY = 0.5;

export interface MeasuredBlocks {
  mode: Mode;
  energy: EnergyReport;
  plan: Plan;
  blocks: Block[] | undefined;
  sham: Sham | undefined;
  repetitions: number;
  start: Mark;
  end: Mark;
  durationMs: number;
}

/** Measures the blocks that `wanted` asks for; `run` runs them. */
export async function measureBlocks(
  meter: Meter,
  wanted: BlocksWanted,
  run: BlockRunner,
): Promise<MeasuredBlocks> {
  const timing = needsTiming(wanted.length)
    ? await meter.learnedTiming(wanted.targetIds, wanted.request.signal)
    : undefined;
  const design = designBlocks(wanted, timing);
  refuseForgotten(meter.rememberedMs, design);
  const series = new BlockSeries(meter, wanted, design, run);
  const { target, runs, minDurationMs } = wanted.length;
  if (target) return series.toTarget(target.relative);
  const { runsPerBlock } = series.design;
  if (runsPerBlock === 0) await series.runTo(1);
  else if (runs !== undefined) await series.runTo(Math.max(1, Math.round(runs / runsPerBlock)));
  else await series.runFor(minDurationMs as number);
  return series.result({ sentence: series.describe(wanted.length.sentence), ...series.counts() });
}

class BlockSeries {
  readonly #begun = mark();
  readonly #work: BlockMarks[] = [];
  readonly #reports: EnergyReport[] = [];
  readonly #gross: EnergyReport[] = [];
  readonly #net: EnergyReport[] = [];
  readonly #shams: EnergyReport[] = [];
  #planned = 0;
  #alpha = PLAIN_ALPHA;

  constructor(
    private readonly meter: Meter,
    private readonly wanted: BlocksWanted,
    readonly design: BlockDesign,
    private readonly run: BlockRunner,
  ) {}

  /** Runs until there are so many blocks, or the time is over. */
  async runTo(count: number): Promise<void> {
    this.#planned = count;
    while (this.#work.length < count) {
      if (this.#work.length > 0 && this.#blocksInTime() < 1) return;
      const blocks = Math.min(count - this.#work.length, this.#roundSize());
      if ((await this.#round(blocks)) < blocks) return;
    }
  }

  /** Runs until so much time has passed, quiet times included. */
  async runFor(ms: number): Promise<void> {
    do {
      const left = Math.ceil((ms - this.#elapsedMs()) / this.#blockMs());
      await this.runTo(this.#work.length + Math.max(1, left));
    } while (this.#elapsedMs() < ms && this.#blocksInTime() >= 1);
  }

  /** Pilot, planned number of blocks, at most one extension. */
  async toTarget(relative: number): Promise<MeasuredBlocks> {
    this.#alpha = PLANNED_ALPHA;
    let stage: Stage = 'pilot';
    await this.runTo(PILOT_BLOCKS);
    const id = this.#mostUsed();
    const step = (): Step | undefined => {
      const figures = blockFigures(this.#energiesOf(id));
      const disturbed = figures.length < ENOUGH_FOR_SCATTER && this.#work.length >= PILOT_BLOCKS;
      if (disturbed || figures.length === 0) return undefined;
      return nextStep({ stage, figures, relative, most: figures.length + this.#blocksInTime() });
    };
    let next = step();
    while (next?.next === 'run') {
      ({ stage } = next);
      const leftOut = this.#work.length - blockFigures(this.#energiesOf(id)).length;
      await this.runTo(next.blocks + leftOut);
      next = step();
    }
    return this.#planResult(relative, id, stage, next);
  }

  result(plan: Plan): MeasuredBlocks {
    const how = {
      alpha: this.#alpha,
      repeats: { mode: this.design.mode, ...this.counts() },
    };
    const several = this.#work.length > 1;
    const reports: BlockReports = {
      reports: this.#reports,
      gross: this.#gross,
      net: this.#net.length > 0 ? this.#net : undefined,
    };
    const { channels } = this.meter;
    const counted = { ...how, totalled: totalled(channels, this.wanted.device) };
    const energy = repeatedReport(channels, reports, this.#shams, counted);
    const runs = this.#work.map((block) => block.runs);
    return {
      mode: this.design.mode,
      energy,
      plan,
      blocks: several ? blocksOf(this.#reports, runs) : undefined,
      sham: shamOf(channels, this.#shams, { ...how, alpha: PLAIN_ALPHA }),
      repetitions: this.#runs(),
      start: energy.start,
      end: energy.end,
      durationMs: energy.durationMs,
    };
  }

  counts(): { blocks: number; runsPerBlock: number } {
    const runs = this.#work.map((block) => block.runs);
    return { blocks: runs.length, runsPerBlock: Math.max(...runs) };
  }

  /** `sentence`, with what the mode came to where it had to be chosen. */
  describe(sentence: string): string {
    if (this.wanted.length.mode !== 'auto') return sentence;
    const chosen = this.design.mode === 'burst' ? 'bursts' : 'runs back to back';
    return `${sentence} Chosen by the run time: ${chosen}.`;
  }

  async #round(blocks: number): Promise<number> {
    const { maxDurationMs } = this.wanted.length;
    const done = await this.run({
      design: await this.#currentDesign(),
      first: this.#work.length,
      blocks,
      planned: this.#planned,
      budgetMs: Math.max(1, maxDurationMs - this.#elapsedMs()),
    });
    this.wanted.onResolving?.();
    const work = done.filter((block) => block.runs > 0);
    const shams = done.filter((block) => block.runs === 0);
    const { reports, gross, net } = await this.#resolve(work);
    this.#work.push(...work);
    this.#reports.push(...reports);
    this.#gross.push(...gross);
    this.#net.push(...(net ?? []));
    if (shams.length > 0) this.#shams.push(...(await this.#resolve(shams)).reports);
    return work.length;
  }

  // The counter's period is known the better, the longer it was followed.
  async #currentDesign(): Promise<BlockDesign> {
    if (this.design.periodMs === 0) return this.design;
    const timing = await this.meter.learnedTiming(this.wanted.targetIds, this.wanted.request.signal);
    return timing ? { ...this.design, periodMs: timing.periodMs } : this.design;
  }

  // The quiet time that really passed is what the estimator may use as idle, not what was asked for.
  async #resolve(blocks: readonly BlockMarks[]): Promise<BlockReports> {
    const { beforeMs, afterMs } = this.design;
    const least = (of: (block: BlockMarks) => bigint) => blocks.map(of).reduce((a, b) => (a < b ? a : b));
    const resolved = await this.meter.blockReports(
      BigInt64Array.from(blocks.flatMap(({ start, end }) => [start, end])),
      {
        ...this.wanted.request,
        kind: this.wanted.kind,
        idleBeforeNs: beforeMs > 0 ? Number(least(({ quietFrom, start }) => start - quietFrom)) : 0,
        idleAfterNs: afterMs > 0 ? Number(least(({ quietUntil, end }) => quietUntil - end)) : 0,
        covariance: false,
        timeline: true,
      },
    );
    const { device } = this.wanted;
    if (device === undefined || !blocks.some((block) => block.disturbed)) return resolved;
    const marked = (reports: readonly EnergyReport[]) =>
      reports.map((report, i) => (blocks[i]?.disturbed ? disturbed(report, device) : report));
    const { reports, gross, net } = resolved;
    return { reports: marked(reports), gross: marked(gross), net: net && marked(net) };
  }

  #planResult(relative: number, id: string, stage: Stage, last: Step | undefined): MeasuredBlocks {
    const figures = blockFigures(this.#energiesOf(id));
    const mean = last && meanOfBlocks(figures, PLANNED_ALPHA, '');
    const outcome = last?.next === 'stop' ? last.outcome : 'missed';
    const description = {
      runMs: this.#workMs() / this.#runs(),
      watts: this.#meanPower(id),
      runs: this.#runs(),
      ...this.counts(),
      mode: this.design.mode,
      relative,
      mean,
      outcome,
      wanted: last?.wanted ?? 0,
      blockMs: this.#blockMs(),
      maxDurationMs: this.wanted.length.maxDurationMs,
    };
    const reached =
      mean && mean.value !== 0 ? { relativeUncertainty: mean.uncertainty / Math.abs(mean.value) } : {};
    return this.result({
      sentence: this.describe(planSentence(description)),
      ...this.counts(),
      outcome,
      ...(outcome === 'reached' ? {} : { reason: stopReason(description) }),
      ...reached,
      scope: id,
      stage,
    });
  }

  // Of the counters that the target may be meant for, the one that the pilot used most.
  #mostUsed(): string {
    const use = (id: string) =>
      blockFigures(this.#energiesOf(id)).reduce((total, figure) => total + figure.value, 0);
    return [...this.wanted.targetIds].sort((a, b) => use(b) - use(a))[0] as string;
  }

  #energiesOf(id: string) {
    return {
      energies: this.#reports.map((report) => report.scopes[id] as EnergyReport['scopes'][string]),
      starts: this.#reports.map((report) => report.start),
    };
  }

  #meanPower(id: string): number | undefined {
    const gross = blockFigures({
      energies: this.#gross.map((report) => report.scopes[id] as EnergyReport['scopes'][string]),
      starts: this.#gross.map((report) => report.start),
    });
    if (gross.length === 0) return undefined;
    const joules = gross.reduce((total, figure) => total + figure.value, 0) / gross.length;
    return joules / (this.#workMs() / this.#work.length / 1e3);
  }

  #runs(): number {
    return this.#work.reduce((total, block) => total + block.runs, 0);
  }

  #workMs(): number {
    return this.#reports.reduce((total, report) => total + report.durationMs, 0);
  }

  #elapsedMs(): number {
    return Number(mark() - this.#begun) / NS_PER_MS;
  }

  // A block with its quiet time and sham: as seen, or before the first one as designed.
  #blockMs(): number {
    if (this.#work.length > 0) return this.#elapsedMs() / this.#work.length;
    const { beforeMs, afterMs, periodMs, runsPerBlock, sham, minDurationMs } = this.design;
    const runs = runsPerBlock > 0 ? runsPerBlock * (this.wanted.runMs ?? 0) : minDurationMs;
    return Math.max(1, (sham ? 2 : 1) * (beforeMs + runs + afterMs + periodMs / 2));
  }

  #blocksInTime(): number {
    return Math.floor((this.wanted.length.maxDurationMs - this.#elapsedMs()) / this.#blockMs());
  }

  #roundSize(): number {
    return Math.max(1, Math.floor((SHARE_OF_HISTORY * this.meter.historyMs) / this.#blockMs()));
  }
}
