const float32 = new Float32Array(1);
const bits = new Uint32Array(float32.buffer);

/** IEEE 754 binary16 of a number, rounded to nearest, ties to even. (Math.f16round is younger than Node 20.) */
export function float16Bits(x: number): number {
  float32[0] = x;
  const b = bits[0] as number;
  const sign = (b >>> 16) & 0x8000;
  const exponent = (b >>> 23) & 0xff;
  const mantissa = b & 0x7fffff;
  if (exponent === 0xff) return sign | 0x7c00 | (mantissa === 0 ? 0 : 0x200);
  if (exponent >= 113) {
    // A carry out of the mantissa runs into the exponent, as it should; past the largest it is infinity.
    const rounded = roundedShift(((exponent - 112) << 23) | mantissa, 13);
    return sign | Math.min(rounded, 0x7c00);
  }
  // Subnormal: the implicit bit becomes explicit and the mantissa moves right.
  const shift = 126 - exponent;
  return shift > 24 ? sign : sign | roundedShift(0x800000 | mantissa, shift);
}

function roundedShift(n: number, shift: number): number {
  const half = 2 ** (shift - 1);
  const kept = n >>> shift;
  const rest = n - kept * 2 ** shift;
  return rest > half || (rest === half && (kept & 1) === 1) ? kept + 1 : kept;
}

export function toFloat16(values: Float32Array): Uint16Array {
  const out = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) out[i] = float16Bits(values[i] as number);
  return out;
}
