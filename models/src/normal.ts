/**
 * The standard normal quantile from additions, multiplications, divisions and square roots alone. IEEE 754 rounds
 * these correctly, so the result is the same on every machine and in every engine; Math.log, exp and cos are not
 * specified to the last bit, and have changed between releases of V8.
 */

const LN2 = Math.LN2;

const POWERS = Array.from({ length: 32 }, (_, exponent) => 2 ** -exponent);

/** ln(n / 2^33) of an integer 0 < n < 2^32: exponent by counting zeros, mantissa by the series of 2 artanh. */
function logOfDyadic(n: number): number {
  let exponent = 31 - Math.clz32(n);
  let m = n * (POWERS[exponent] as number);
  if (m >= Math.SQRT2) {
    m *= 0.5;
    exponent += 1;
  }
  const s = (m - 1) / (m + 1);
  const q = s * s;
  // |s| < 0.172: the first dropped term, 2 s^13 / 13, is below 2e-11.
  const series = 1 + q * (1 / 3 + q * (1 / 5 + q * (1 / 7 + q * (1 / 9 + q * (1 / 11)))));
  return (exponent - 33) * LN2 + 2 * s * series;
}

/**
 * Quantile of probability (u + 1/2) / 2^32 for a 32-bit unsigned integer u: Wichura's PPND7 (Algorithm AS 241,
 * Applied Statistics 37, 1988), accurate to about 1 part in 10^7. Its third branch starts below 2^-36, which 32 bits
 * do not reach.
 */
export function normalQuantile(u: number): number {
  const n = 2 * u + 1;
  const q = n * 2 ** -33 - 0.5;
  if (q <= 0.425 && q >= -0.425) {
    const r = 0.180625 - q * q;
    return (
      (q * (((59.10937472 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179)) /
      (((67.1875636 * r + 78.757757664) * r + 17.895169469) * r + 1)
    );
  }
  const r = Math.sqrt(-logOfDyadic(q < 0 ? n : 8589934592 - n)) - 1.6;
  const tail =
    (((0.17023821103 * r + 1.3067284816) * r + 2.75681539) * r + 1.4234372777) /
    ((0.12021132975 * r + 0.7370016425) * r + 1);
  return q < 0 ? -tail : tail;
}

/** Quantile of a probability in (0, 1), to the nearest of the 2^32 that {@link normalQuantile} knows. */
export function normalQuantileOf(probability: number): number {
  return normalQuantile(Math.min(4294967295, Math.floor(probability * 4294967296)));
}
