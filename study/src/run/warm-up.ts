import type { InferAnswer } from '../types/protocol.js';
import type { Protocol } from '../types/table.js';
import type { Answered, Worker } from '../worker/client.js';
import { inferFault, scalingFault, windowSeconds } from '../worker/honesty.js';
import { requireHonest, TRIES } from './refused.js';
import { throwIfInterrupted } from './wait.js';

/** A board tells whole degrees: its slope is known after the time in which it may rise by one. */
const DEGREE = 1;
/** Of the warm-up's time: short enough to follow the temperature, long enough to tell the time of an inference. */
const CHUNK_SHARE = 0.2;
const MIN_CHUNK_SECONDS = 0.1;
const GROWTH = 8;
/** Long enough that a busy machine does not decide, and no burden beside the window. */
const scalingSeconds = (window: number): number => Math.min(0.25, Math.max(0.05, window / 2));

export interface WarmUp {
  /** Of one inference, from the last chunk. */
  secondsEach: number;
  inferences: number;
  start: bigint;
  end: bigint;
}

export interface WarmUpOptions {
  worker: Worker;
  protocol: Protocol;
  /** Of the worker's board now; null: there is none, or it does not tell. */
  temperature: (from: bigint, to: bigint) => Promise<number | null>;
  signal: AbortSignal;
}

/** Runs n inferences and believes the answer only if it holds. */
export async function infer(
  worker: Worker,
  n: number,
  timeoutSeconds: number,
): Promise<Answered<InferAnswer>> {
  const answered = await worker.request<'infer'>({ op: 'infer', n }, timeoutSeconds);
  requireHonest(inferFault(answered, n));
  return answered;
}

/** Runs until there were enough inferences, enough seconds, and the temperature is level. */
export async function warmUp({ worker, protocol, temperature, signal }: WarmUpOptions): Promise<WarmUp> {
  const { warmup, timeoutSeconds, windowSeconds: window } = protocol;
  const chunkSeconds = Math.max(MIN_CHUNK_SECONDS, CHUNK_SHARE * warmup.seconds);
  const level = new Slope(warmup.maxSlopeCPerMinute);
  let [n, inferences, seconds] = [1, 0, 0];
  let first: bigint | undefined;
  for (;;) {
    throwIfInterrupted(signal);
    const { answer } = await infer(worker, n, timeoutSeconds);
    const took = windowSeconds(answer);
    const end = BigInt(answer.endNs);
    first ??= BigInt(answer.startNs);
    inferences += n;
    seconds += took;
    level.add(end, await temperature(BigInt(answer.startNs), end));
    const enough = inferences >= warmup.inferences && seconds >= warmup.seconds;
    if ((enough && level.reached()) || seconds >= warmup.timeoutSeconds) {
      const last = await checkScaling(worker, took / n, { window, timeoutSeconds });
      return { ...last, inferences: inferences + last.inferences, start: first };
    }
    n = Math.max(1, Math.min(GROWTH * n, Math.round((chunkSeconds * n) / took)));
  }
}

interface Scaled {
  secondsEach: number;
  inferences: number;
  end: bigint;
}

/** A worker that makes fewer inferences than asked takes no longer for twice as many. */
async function checkScaling(
  worker: Worker,
  secondsEach: number,
  { window, timeoutSeconds }: { window: number; timeoutSeconds: number },
): Promise<Scaled> {
  const run = async (n: number) => (await infer(worker, n, timeoutSeconds)).answer;
  // Where one inference fills a window already, three more would be the better part of the run.
  if (secondsEach > window) {
    const answer = await run(1);
    return { secondsEach: windowSeconds(answer), inferences: 1, end: BigInt(answer.endNs) };
  }
  let [each, inferences] = [secondsEach, 0];
  for (let attempt = 1; ; attempt += 1) {
    const n = Math.ceil(scalingSeconds(window) / each);
    const [one, two] = [windowSeconds(await run(n)), await run(2 * n)];
    inferences += 3 * n;
    each = windowSeconds(two) / (2 * n);
    const fault = scalingFault(n, one, 2 * n, windowSeconds(two));
    if (!fault) return { secondsEach: each, inferences, end: BigInt(two.endNs) };
    // A busy machine may have held up the first of the two.
    if (attempt === TRIES) requireHonest(fault);
  }
}

/** Whether temperature has become level, by least squares over the last while. */
class Slope {
  readonly #points: { minutes: number; celsius: number }[] = [];
  #known = false;

  constructor(private readonly maxCPerMinute: number) {}

  add(at: bigint, celsius: number | null): void {
    this.#known = celsius !== null;
    if (celsius !== null) this.#points.push({ minutes: Number(at) / 60e9, celsius });
  }

  /** What cannot be read holds nothing up. */
  reached(): boolean {
    if (!this.#known) return true;
    const last = this.#points.at(-1)?.minutes ?? 0;
    const span = DEGREE / this.maxCPerMinute;
    const near = this.#points.filter(({ minutes }) => minutes >= last - 2 * span);
    // Where two looks are further apart than that, they are what there is.
    const recent = near.length > 1 ? near : this.#points.slice(-2);
    if (last - (recent[0]?.minutes ?? last) < span) return false;
    return slopeOf(recent) <= this.maxCPerMinute;
  }
}

function slopeOf(points: readonly { minutes: number; celsius: number }[]): number {
  const mean = (pick: (p: { minutes: number; celsius: number }) => number) =>
    points.reduce((sum, p) => sum + pick(p), 0) / points.length;
  const [t, c] = [mean((p) => p.minutes), mean((p) => p.celsius)];
  const covariance = mean((p) => (p.minutes - t) * (p.celsius - c));
  const variance = mean((p) => (p.minutes - t) ** 2);
  return variance > 0 ? Math.abs(covariance / variance) : 0;
}
