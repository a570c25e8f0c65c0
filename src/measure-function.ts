// Meter.measure: calls of a function of the application between marks, on its own thread.

import { sleepUnlessAborted, throwIfAborted } from './abort.js';
import { type Alignment, readAlign } from './alignment.js';
import {
  type BlockDesign,
  type BlockMarks,
  type BlockRunner,
  needsRunTime,
  type Round,
} from './block-plan.js';
import { invalidArgument } from './errors.js';
import { LENGTH_KEYS, type Length, readLength } from './length-options.js';
import { mark } from './mark.js';
import { measureBlocks } from './measure-blocks.js';
import { type Quiet, readQuiet } from './measure-plan.js';
import type { Meter } from './meter.js';
import { energyRequest } from './meter-options.js';
import { plainData } from './plain.js';
import { nextStart, startPhases } from './planner/block-design.js';
import { targetChannels } from './target-scope.js';
import type { Mark } from './types/energy.js';
import type { AbortSignalLike, Measured, MeterMeasureOptions } from './types/meter.js';

const NS_PER_MS = 1e6;
const DEFAULT_QUIET_MS = 1000;
/** Calls are timed for so long where their time decides how many make a block. */
const TIMING_MS = 100;

export async function measureFunction<T>(
  meter: Meter,
  fn: () => T | PromiseLike<T>,
  options: MeterMeasureOptions,
): Promise<Measured<T>> {
  const request = energyRequest(options, [...LENGTH_KEYS, 'align']);
  const target = targetChannels(meter.channels, options.target?.scope);
  const length = readLength(options, { runs: 1 }, target.unreadable);
  const quiet = readQuiet(options);
  checkBurst(length, quiet);
  const alignment = readAlign(options) ? meter.alignment() : undefined;
  const calls = new FunctionCalls(fn, request.signal, alignment);
  const { blocks, sham, repetitions, start, end, durationMs, energy, mode, plan } = await measureBlocks(
    meter,
    {
      length,
      kind: request.kind,
      quiet,
      defaultQuietMs: request.kind === 'caused' ? DEFAULT_QUIET_MS : 0,
      runMs: needsRunTime(length) ? await calls.timeCalls() : undefined,
      targetIds: length.target ? target.ids : [],
      request,
    },
    calls.run,
  );
  return plainData<Measured<T>>({
    result: calls.result as T,
    repetitions,
    start,
    end,
    durationMs,
    energy: alignment ? alignment.apply(energy) : energy,
    mode,
    plan,
    ...(blocks ? { blocks } : {}),
    ...(sham ? { sham } : {}),
    ...(alignment ? { alignment: alignment.report() } : {}),
  });
}

function checkBurst({ mode }: Length, { beforeMs, afterMs }: Quiet): void {
  if (mode === 'burst' && (beforeMs === 0 || afterMs === 0)) {
    throw invalidArgument('A burst has quiet time on both sides.', "Leave out idle, or mode: 'burst'.");
  }
}

class FunctionCalls<T> {
  result: T | undefined;

  constructor(
    private readonly fn: () => T | PromiseLike<T>,
    private readonly signal: AbortSignalLike | undefined,
    private readonly alignment: Alignment | undefined,
  ) {}

  /** Mean time of a call. */
  async timeCalls(): Promise<number> {
    const begun = mark();
    let calls = 0;
    do {
      const pending = this.#call();
      if (pending) await pending;
      calls += 1;
    } while (msSince(begun) < TIMING_MS);
    return msSince(begun) / calls;
  }

  readonly run: BlockRunner = async ({ design, first, blocks, budgetMs }: Round) => {
    const begun = mark();
    const done: BlockMarks[] = [];
    let longestMs = 0;
    for (const phase of startPhases(first, blocks)) {
      const from = mark();
      if (done.length > 0 && msSince(begun) + longestMs > budgetMs) break;
      const block = await this.#block(design, phase, undefined);
      done.push(block);
      if (design.sham) done.push(await this.#block(design, phase, block.end - block.start));
      longestMs = Math.max(longestMs, msSince(from));
    }
    return done;
  };

  /** `shamNs`: nothing is called for so long. */
  async #block(design: BlockDesign, phase: number, shamNs: bigint | undefined): Promise<BlockMarks> {
    const quietFrom = mark();
    await sleepUnlessAborted(untilStart(design, phase, quietFrom), this.signal);
    this.alignment?.open();
    const start = mark();
    let runs = 0;
    if (shamNs === undefined) runs = await this.#calls(design, start);
    else await sleepUnlessAborted(Number(shamNs) / NS_PER_MS, this.signal);
    const end = mark();
    this.alignment?.close(start, end);
    await sleepUnlessAborted(design.afterMs, this.signal);
    return { quietFrom, start, end, quietUntil: mark(), runs };
  }

  async #calls({ runsPerBlock, minDurationMs, maxDurationMs }: BlockDesign, start: Mark): Promise<number> {
    let calls = 0;
    let elapsedMs = 0;
    do {
      const pending = this.#call();
      if (pending) await pending;
      calls += 1;
      elapsedMs = msSince(start);
    } while (
      elapsedMs < maxDurationMs &&
      (runsPerBlock > 0 ? calls < runsPerBlock : elapsedMs < minDurationMs)
    );
    return calls;
  }

  // Waits for nothing where the function does not: a tick of the event loop is no part of it.
  #call(): PromiseLike<void> | undefined {
    throwIfAborted(this.signal);
    const returned = this.fn();
    if (!isThenable(returned)) {
      this.result = returned;
      return undefined;
    }
    return returned.then((value) => {
      this.result = value;
    });
  }
}

function untilStart({ beforeMs, periodMs, origin }: BlockDesign, phase: number, from: Mark): number {
  const sinceOrigin = Number(from - origin) / NS_PER_MS;
  return nextStart(sinceOrigin + beforeMs, phase, periodMs, 0) - sinceOrigin;
}

function msSince(begun: Mark): number {
  return Number(mark() - begun) / NS_PER_MS;
}

function isThenable<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | undefined)?.then === 'function';
}
