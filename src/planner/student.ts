// Student's t: what an interval of a given level costs where the scatter itself is known from few blocks only.

const TINY = 1e-300;
const CLOSE = 1e-14;
const MOST_TERMS = 500;
const HALVINGS = 100;

/** The t that |T| exceeds with probability `alpha`, for any real number of degrees of freedom from 1. */
export function studentT(alpha: number, degrees: number): number {
  let low = 0;
  let high = 1;
  while (exceeds(high, degrees) > alpha) {
    low = high;
    high *= 2;
  }
  for (let i = 0; i < HALVINGS && high - low > CLOSE * high; ++i) {
    const middle = 0.5 * (low + high);
    if (exceeds(middle, degrees) > alpha) low = middle;
    else high = middle;
  }
  return 0.5 * (low + high);
}

/** P(|T| > t): the regularised incomplete beta function I(v / (v + t^2); v/2, 1/2). */
function exceeds(t: number, degrees: number): number {
  const squared = t * t;
  return betaRatio(degrees / (degrees + squared), squared / (degrees + squared), degrees / 2, 0.5);
}

/** I(x; a, b) with y = 1 - x, by its continued fraction (Lentz; Abramowitz and Stegun 26.5.8). */
function betaRatio(x: number, y: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (y <= 0) return 1;
  // It converges fast on one side of the mean only; the other side is its complement.
  if (x > (a + 1) / (a + b + 2)) return 1 - betaRatio(y, x, b, a);
  const front = Math.exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * Math.log(x) + b * Math.log(y));
  const away = (value: number) => (Math.abs(value) < TINY ? TINY : value);
  let c = 1;
  let d = 1 / away(1 - ((a + b) * x) / (a + 1));
  let fraction = d;
  for (let m = 1; m <= MOST_TERMS; ++m) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    for (const term of [even, odd]) {
      d = 1 / away(1 + term * d);
      c = away(1 + term / c);
      fraction *= c * d;
    }
    if (Math.abs(c * d - 1) < CLOSE) break;
  }
  return (front * fraction) / a;
}

/** Stirling's series, after the argument was raised to where it holds to the last digits. */
function logGamma(x: number): number {
  let shift = 0;
  let z = x;
  for (; z < 10; z += 1) shift += Math.log(z);
  const inverse = 1 / (z * z);
  const series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse / 1680))) / z;
  return (z - 0.5) * Math.log(z) - z + 0.5 * Math.log(2 * Math.PI) + series - shift;
}
