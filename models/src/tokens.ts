import type { InputTensor } from './npy.js';
import { RandomStream } from './random.js';

/** Ids of BERT's uncased vocabulary: whole words stand from 1996 ("the") on, roughly from frequent to rare. */
const PADDING = 0;
const START = 101;
const SEPARATOR = 102;
const FIRST_WORD = 1996;
const WORDS = 30522 - FIRST_WORD;

/** The tokens of a sequence are about a third of its padded length in the middle, and never fewer than these. */
const LEAST_TOKENS = 6;

/**
 * Token ids, mask and segments. Lengths are log-normal, as those of sentences are, with median 40 tokens and
 * σ = 0.5, and cut at the sequence length; word frequencies follow Zipf and Mandelbrot, 1 / (rank + 2.7); every
 * second sequence is a pair of sentences. Item i does not depend on how many there are.
 */
export function makeSequences(count: number, length: number, seed: number): Record<string, InputTensor> {
  const ids = new BigInt64Array(count * length).fill(BigInt(PADDING));
  const mask = new BigInt64Array(count * length);
  const types = new BigInt64Array(count * length);
  for (let i = 0; i < count; i++) {
    const random = new RandomStream(seed, `sequence ${i}`);
    const used = Math.min(
      length,
      Math.max(LEAST_TOKENS, Math.floor(MEDIAN_TOKENS * growth(random.normal()))),
    );
    const pair = random.uniform() < 0.5;
    // A pair is cut somewhere in its middle half; a single sentence only at its end.
    const firstEnd = pair ? Math.floor(used * (0.25 + 0.5 * random.uniform())) : used - 1;
    for (let t = 0; t < used; t++) {
      const at = i * length + t;
      const special = t === 0 ? START : t === firstEnd || t === used - 1 ? SEPARATOR : undefined;
      ids[at] = BigInt(special ?? FIRST_WORD + wordRank(random.uniform()));
      mask[at] = 1n;
      types[at] = t > firstEnd ? 1n : 0n;
    }
  }
  const tensor = (data: BigInt64Array): InputTensor => ({ type: 'int64', data, dims: [count, length] });
  return { input_ids: tensor(ids), attention_mask: tensor(mask), token_type_ids: tensor(types) };
}

const MEDIAN_TOKENS = 40;

/** exp(z / 2) by halving the exponent until the series is exact to a few parts in 10^9, then squaring back. */
function growth(z: number): number {
  const x = z / 2 / 64;
  let y = 1 + x * (1 + (x / 2) * (1 + (x / 3) * (1 + (x / 4) * (1 + x / 5))));
  for (let i = 0; i < 6; i++) y *= y;
  return y;
}

const CUMULATIVE = cumulativeFrequencies();

function cumulativeFrequencies(): Float64Array {
  const sums = new Float64Array(WORDS);
  let sum = 0;
  for (let rank = 0; rank < WORDS; rank++) {
    sum += 1 / (rank + 1 + 2.7);
    sums[rank] = sum;
  }
  return sums;
}

/** The first rank whose cumulative frequency exceeds the given share of all words. */
function wordRank(share: number): number {
  const sought = share * (CUMULATIVE[WORDS - 1] as number);
  let low = 0;
  let high = WORDS - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((CUMULATIVE[middle] as number) > sought) high = middle;
    else low = middle + 1;
  }
  return low;
}
