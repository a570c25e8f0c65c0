// What the meter's sampling does to the time of an inference. The study's own meter must not stop, since a gap would be
// in its energies: a second one is opened and closed in turn, and doubles the sampling.
import { MicrojouleError } from 'microjoule';
import type { Overhead } from '../types/journal.js';
import type { InferAnswer } from '../types/protocol.js';
import { windowSeconds } from '../worker/honesty.js';

/** Long enough that an edge is nothing beside it. */
const BLOCK_SECONDS = 0.1;
/** Before a block, of its inferences: opening a meter leaves the device idle for a while. */
const LEAD_IN = 0.5;
/** Fewer have no interval worth the name. */
const MIN_PAIRS = 3;

export interface OverheadOptions {
  /** For all blocks, and for opening and closing the second meter. */
  seconds: number;
  /** Of one inference. */
  secondsEach: number;
  /** Whether there is a counter that is sampled. */
  sampled: boolean;
  /** A second meter, sampling as the study's does. */
  open: () => Promise<{ close(): Promise<void> }>;
  /** Seconds. */
  now: () => number;
  infer: (n: number) => Promise<Pick<InferAnswer, 'startNs' | 'endNs'>>;
}

export async function overhead(options: OverheadOptions): Promise<Overhead> {
  const { seconds, secondsEach, sampled } = options;
  if (!(seconds > 0)) return none('overheadSeconds is 0');
  if (!sampled) return none('no counter can be read here, so that nothing is sampled');
  const inferencesPerBlock = Math.max(1, Math.round(BLOCK_SECONDS / secondsEach));
  const leadIn = Math.ceil(LEAD_IN * inferencesPerBlock);
  const least = 2 * MIN_PAIRS * (leadIn + inferencesPerBlock) * secondsEach;
  if (least > seconds) return none(tooLong(seconds, least));
  try {
    return { pairs: await pairsOf(options, leadIn, inferencesPerBlock), inferencesPerBlock };
  } catch (error) {
    // A worker that fails fails the run; a meter that cannot be opened is no fault of the run's.
    if (!(error instanceof MicrojouleError)) throw error;
    return none(`a second meter could not be opened: ${error.message}`);
  }
}

/** Seconds an inference in blocks with more sampling and without, in turn: on, off, off, on, ... */
async function pairsOf(
  { seconds, open, now, infer }: OverheadOptions,
  leadIn: number,
  n: number,
): Promise<Overhead['pairs']> {
  const off = async () => {
    await infer(leadIn);
    return windowSeconds(await infer(n)) / n;
  };
  const on = async () => {
    const meter = await open();
    try {
      return await off();
    } finally {
      await meter.close();
    }
  };
  const pairs: Overhead['pairs'] = [];
  const end = now() + seconds;
  while (pairs.length < MIN_PAIRS || now() < end) {
    if (pairs.length % 2 === 0) pairs.push([await on(), await off()]);
    else pairs.push(reversed([await off(), await on()]));
  }
  return pairs;
}

const none = (reason: string): Overhead => ({ pairs: [], reason });
const reversed = ([a, b]: [number, number]): [number, number] => [b, a];

const tooLong = (seconds: number, least: number): string =>
  `${MIN_PAIRS} pairs of blocks take ${least.toPrecision(2)} s, and overheadSeconds is ${seconds}`;
