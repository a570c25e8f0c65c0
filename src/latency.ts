// Latencies of the runs of a measurement: exact moments of all of them, quantiles of those that are kept.
import type { Moments, RunTimes } from './native.js';
import type { LatencySummary } from './types/measure.js';

const NS_PER_MS = 1e6;
/** As many as one native loop keeps (native/measure/time_log.h). */
const MOST_KEPT = 2_097_152;
const NONE: Moments = { count: 0, mean: 0, squares: 0, min: Number.POSITIVE_INFINITY, max: 0 };

/** Times of many loops, in memory that does not grow with their number. */
export class LatencyLog {
  #parts: Float64Array[] = [];
  #every = 1;
  #moments = NONE;

  constructor(private readonly most = MOST_KEPT) {}

  get runs(): number {
    return this.#moments.count;
  }

  add({ durationsNs, durationsEvery, moments }: RunTimes): void {
    this.#moments = together(this.#moments, moments);
    if (durationsEvery > this.#every) this.#thinTo(durationsEvery);
    this.#parts.push(thinned(durationsNs, this.#every / durationsEvery));
    while (this.#kept() > this.most) this.#thinTo(2 * this.#every);
  }

  /** Quantiles interpolate linearly between order statistics (Hyndman-Fan type 7, as NumPy). */
  summary(): LatencySummary {
    const durations = joined(this.#parts).map((ns) => ns / NS_PER_MS);
    const sorted = Float64Array.from(durations).sort();
    const { count, mean, squares, min, max } = this.#moments;
    return {
      unit: 'ms',
      mean: mean / NS_PER_MS,
      min: min / NS_PER_MS,
      max: max / NS_PER_MS,
      p50: quantile(sorted, 0.5),
      p90: quantile(sorted, 0.9),
      p99: quantile(sorted, 0.99),
      standardDeviation: count > 1 ? Math.sqrt(squares / (count - 1)) / NS_PER_MS : 0,
      durations,
      durationsEvery: this.#every,
    };
  }

  #kept(): number {
    return this.#parts.reduce((count, part) => count + part.length, 0);
  }

  #thinTo(every: number): void {
    this.#parts = [thinned(joined(this.#parts), every / this.#every)];
    this.#every = every;
  }
}

/** Of one loop. */
export function summaryOf(times: RunTimes): LatencySummary {
  const log = new LatencyLog();
  log.add(times);
  return log.summary();
}

/** Moments of two sets as one (Chan, Golub and LeVeque 1983). */
function together(a: Moments, b: Moments): Moments {
  const count = a.count + b.count;
  if (count === 0) return a;
  const apart = b.mean - a.mean;
  return {
    count,
    mean: a.mean + (apart * b.count) / count,
    squares: a.squares + b.squares + (apart ** 2 * a.count * b.count) / count,
    min: b.count > 0 ? Math.min(a.min, b.min) : a.min,
    max: Math.max(a.max, b.max),
  };
}

function thinned(values: Float64Array, every: number): Float64Array {
  return every <= 1 ? values : values.filter((_, i) => i % every === 0);
}

function joined(parts: readonly Float64Array[]): Float64Array {
  const out = new Float64Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

function quantile(sorted: Float64Array, p: number): number {
  const at = (sorted.length - 1) * p;
  const below = sorted[Math.floor(at)] as number;
  const above = sorted[Math.ceil(at)] as number;
  return below + (above - below) * (at - Math.floor(at));
}
