import { createHash } from 'node:crypto';
import { normalQuantile } from './normal.js';

/**
 * Random numbers that depend on a seed and a name only: xoshiro128** (Blackman and Vigna, "Scrambled linear pseudorandom
 * number generators", ACM TOMS 47, 2021), its state the first 16 bytes of SHA-256 over both. Each tensor has a stream
 * of its own, so its bytes do not depend on what was drawn before it.
 */
export class RandomStream {
  #s0: number;
  #s1: number;
  #s2: number;
  #s3: number;

  constructor(seed: number, name: string) {
    const digest = createHash('sha256').update(`microjoule-models\0${seed}\0${name}`).digest();
    this.#s0 = digest.readInt32LE(0);
    this.#s1 = digest.readInt32LE(4);
    this.#s2 = digest.readInt32LE(8);
    this.#s3 = digest.readInt32LE(12);
  }

  /** A stream in a given state of the generator, such as that of published test vectors. */
  static fromState(state: readonly [number, number, number, number]): RandomStream {
    const stream = new RandomStream(0, '');
    [stream.#s0, stream.#s1, stream.#s2, stream.#s3] = state;
    return stream;
  }

  /** The next 32 bits, as an unsigned integer. */
  uint32(): number {
    const s1 = this.#s1;
    const scrambled = Math.imul(s1, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
    const s2 = this.#s2 ^ this.#s0;
    const s3 = this.#s3 ^ s1;
    this.#s1 = s1 ^ s2;
    this.#s0 ^= s3;
    this.#s2 = s2 ^ (s1 << 9);
    this.#s3 = (s3 << 11) | (s3 >>> 21);
    return result >>> 0;
  }

  /** Uniform in [0, 1), in steps of 2^-32. */
  uniform(): number {
    return this.uint32() * 2 ** -32;
  }

  /** Standard normal, by inversion: one draw a number. */
  normal(): number {
    return normalQuantile(this.uint32());
  }

  fillNormal(out: Float32Array, mean: number, deviation: number): void {
    for (let i = 0; i < out.length; i++) out[i] = mean + deviation * normalQuantile(this.uint32());
  }
}
