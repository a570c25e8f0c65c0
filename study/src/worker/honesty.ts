// What can be checked of a worker's word that all work was done. None of it proves honesty; each catches a way to be
// wrong. Thresholds are a share of the window, and at least what a scheduler may take; where a busy machine could still
// be the cause, the caller tries again, since it is not the cause every time.
import type { InferAnswer, SynchroniseAnswer } from '../types/protocol.js';
import type { Answered } from './client.js';

const SHARE = 0.1;
/** A process may be kept from running so long on a busy machine. */
const SCHEDULER_SECONDS = 0.5;
/** Windows shorter than this tell nothing about where their time went. */
const TELLING_SECONDS = 0.05;

const secondsBetween = (a: bigint, b: bigint): number => Number(b - a) / 1e9;
const allowed = (windowSeconds: number): number => Math.max(SCHEDULER_SECONDS, SHARE * windowSeconds);
const shown = (seconds: number): string => `${seconds.toPrecision(3)} s`;

export function windowSeconds({ startNs, endNs }: { startNs: string; endNs: string }): number {
  return secondsBetween(BigInt(startNs), BigInt(endNs));
}

/** Whether an answer by itself is wrong: not confirmed, not complete, or not inside the time in which it was asked for. */
export function inferFault(
  { answer, sentNs, receivedNs }: Answered<InferAnswer>,
  n: number,
): string | undefined {
  const edges = edgesFault(answer, sentNs, receivedNs);
  if (edges) return edges;
  if (answer.n !== n) return `It ran ${answer.n} inferences, not ${n}.`;
  if (answer.durationsMs.length !== n) return `It timed ${answer.durationsMs.length} inferences of ${n}.`;
  if (!answer.durationsMs.every((ms) => typeof ms === 'number' && Number.isFinite(ms) && ms >= 0)) {
    return 'A duration is no number of milliseconds.';
  }
  const seconds = windowSeconds(answer);
  const sum = answer.durationsMs.reduce((total, ms) => total + ms, 0) / 1000;
  if (sum > seconds * 1.01 + 0.001)
    return `Its inferences took ${shown(sum)} in a window of ${shown(seconds)}.`;
  if (answer.each && seconds > TELLING_SECONDS && sum < seconds / 2 - SCHEDULER_SECONDS) {
    return `Its inferences, each synchronised, took ${shown(sum)} of a window of ${shown(seconds)}.`;
  }
  return undefined;
}

export function synchroniseFault(
  { answer, sentNs, receivedNs }: Answered<SynchroniseAnswer>,
  afterWindowSeconds: number,
): string | undefined {
  const edges = edgesFault(answer, sentNs, receivedNs);
  if (edges) return edges;
  const took = secondsBetween(sentNs, receivedNs);
  if (took <= allowed(afterWindowSeconds)) return undefined;
  return `The device was still busy: synchronising once more took ${shown(took)} after ${shown(afterWindowSeconds)}.`;
}

function edgesFault(
  { startNs, endNs, synchronised }: SynchroniseAnswer,
  sentNs: bigint,
  receivedNs: bigint,
): string | undefined {
  if (!synchronised.confirmed) return `It did not confirm that all work was done: ${synchronised.reason}.`;
  const [start, end] = [BigInt(startNs), BigInt(endNs)];
  if (end < start) return 'Its window ends before it begins.';
  if (start < sentNs || end > receivedNs) return 'Its window lies outside the time from request to answer.';
  return undefined;
}

/** Time between request and answer that the window leaves out: a busy machine may take it once, and not every time. */
export function gapFault({ answer, sentNs, receivedNs }: Answered<InferAnswer>): string | undefined {
  const seconds = windowSeconds(answer);
  const outside = secondsBetween(sentNs, receivedNs) - seconds;
  if (outside <= allowed(seconds)) return undefined;
  return `Between request and answer ${shown(outside)} lie outside its window of ${shown(seconds)}.`;
}

/**
 * Reading outputs back waits for the device, whatever a worker says: after many inferences it must not take much longer
 * than after one.
 */
export function readBackFault(
  aloneSeconds: number,
  afterSeconds: number,
  afterWindowSeconds: number,
): string | undefined {
  const more = afterSeconds - aloneSeconds;
  if (more <= allowed(afterWindowSeconds)) return undefined;
  return `The device was still busy: reading outputs took ${shown(more)} more after ${shown(afterWindowSeconds)} of inferences.`;
}

/** Twice as many inferences take twice as long, or they were not all made. */
export function scalingFault(n: number, seconds: number, n2: number, seconds2: number): string | undefined {
  if (seconds2 > 0.65 * (n2 / n) * seconds) return undefined;
  return `${n2} inferences took ${shown(seconds2)} where ${n} took ${shown(seconds)}.`;
}

/** Power above idle after the window has ended and died away, over that in it. */
export function tailFault(steadyNetW: number, tailNetW: number): string | undefined {
  if (steadyNetW <= 0 || tailNetW < 0.5 * steadyNetW) return undefined;
  return `The board went on working: ${tailNetW.toFixed(0)} W above idle after the window, ${steadyNetW.toFixed(0)} W in it.`;
}
