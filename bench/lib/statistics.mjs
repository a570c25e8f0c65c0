export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** ns per call, the median of `rounds` timed loops. Both functions take turns, so that drift of the machine meets both. */
export function compareCalls(ours, baseline, { calls = 200_000, rounds = 21 } = {}) {
  const times = [[], []];
  for (let round = 0; round < rounds + 1; ++round) {
    [ours, baseline].forEach((body, which) => {
      const start = process.hrtime.bigint();
      for (let i = 0; i < calls; ++i) body();
      const ns = Number(process.hrtime.bigint() - start) / calls;
      if (round > 0) times[which].push(ns);
    });
  }
  return times.map(median);
}

export const sum = (values) => values.reduce((a, b) => a + b, 0);
export const mean = (values) => sum(values) / values.length;

/** Sample standard deviation. */
export function deviation(values) {
  const m = mean(values);
  return Math.sqrt(sum(values.map((x) => (x - m) ** 2)) / (values.length - 1));
}

export const standardError = (values) => deviation(values) / Math.sqrt(values.length);

export function quantile(values, p) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(p * sorted.length) - 1))];
}

export function correlation(x, y) {
  const [mx, my] = [mean(x), mean(y)];
  const cov = sum(x.map((v, i) => (v - mx) * (y[i] - my)));
  return cov / Math.sqrt(sum(x.map((v) => (v - mx) ** 2)) * sum(y.map((v) => (v - my) ** 2)));
}

/**
 * Ratio of two series of pairs: the median of the pairs' ratios, and its 95 % interval by resampling pairs (percentile
 * bootstrap; Efron and Tibshirani, 1993, chapter 13).
 */
export function pairedRatio(a, b, random, resamples = 4000) {
  const ratios = a.map((value, i) => value / b[i]);
  const draws = Array.from({ length: resamples }, () =>
    median(ratios.map(() => ratios[Math.floor(random() * ratios.length)])),
  );
  return { value: median(ratios), lo: quantile(draws, 0.025), hi: quantile(draws, 0.975) };
}

/** Upper tail of chi-square: the regularised incomplete gamma function Q(n/2, x/2), by Numerical Recipes' two expansions. */
export function chiSquareTail(x, n) {
  if (x <= 0) return 1;
  const [a, z] = [n / 2, x / 2];
  const front = Math.exp(-z + a * Math.log(z) - logGamma(a));
  if (z < a + 1) {
    let term = 1 / a;
    let total = term;
    for (let k = a + 1; Math.abs(term) > 1e-16 * total; k++) total += term *= z / k;
    return 1 - front * total;
  }
  let b = z + 1 - a;
  let c = 1e300;
  let d = 1 / b;
  let h = d;
  for (let i = 1; i < 10_000; i++) {
    const an = -i * (i - a);
    b += 2;
    d = 1 / (an * d + b);
    c = b + an / c;
    h *= d * c;
    if (Math.abs(d * c - 1) < 1e-15) break;
  }
  return front * h;
}

// Lanczos, g = 7.
function logGamma(x) {
  const terms = [
    676.5203681218851, -1259.1392167224028, 771.32342877765313, -176.61502916214059, 12.507343278686905,
    -0.13857109526572012, 9.9843695780195716e-6, 1.5056327351493116e-7,
  ];
  const y = x - 1;
  const series = 0.99999999999980993 + sum(terms.map((c, i) => c / (y + i + 1)));
  const t = y + 7.5;
  return 0.5 * Math.log(2 * Math.PI) + (y + 0.5) * Math.log(t) - t + Math.log(series);
}

/**
 * Generalised least squares: y = design times parameters, errors of covariance `v`. Rows of `design` are observations.
 * @returns {{ parameters: number[], covariance: number[][], chiSquare: number, freedom: number }}
 */
export function leastSquares(design, y, v) {
  const lower = cholesky(v);
  const columns = design[0].map((_, j) =>
    forward(
      lower,
      design.map((row) => row[j]),
    ),
  );
  const z = forward(lower, y);
  const dot = (a, b) => sum(a.map((x, i) => x * b[i]));
  const covariance = inverse(columns.map((a) => columns.map((b) => dot(a, b))));
  const right = columns.map((column) => dot(column, z));
  const parameters = covariance.map((row) => dot(row, right));
  const residuals = z.map((value, i) => value - sum(columns.map((column, j) => column[i] * parameters[j])));
  return { parameters, covariance, chiSquare: dot(residuals, residuals), freedom: y.length - columns.length };
}

export const diagonal = (variances) =>
  variances.map((value, i) => variances.map((_, j) => (i === j ? value : 0)));

function cholesky(matrix) {
  const lower = matrix.map((row) => row.map(() => 0));
  for (let i = 0; i < matrix.length; i++) {
    for (let j = 0; j <= i; j++) {
      let rest = matrix[i][j];
      for (let k = 0; k < j; k++) rest -= lower[i][k] * lower[j][k];
      lower[i][j] = i === j ? Math.sqrt(rest) : rest / lower[j][j];
    }
  }
  return lower;
}

function forward(lower, right) {
  const out = [];
  for (let i = 0; i < right.length; i++) {
    let rest = right[i];
    for (let k = 0; k < i; k++) rest -= lower[i][k] * out[k];
    out.push(rest / lower[i][i]);
  }
  return out;
}

function inverse(matrix) {
  const lower = cholesky(matrix);
  const unit = matrix.map((_, i) =>
    forward(
      lower,
      matrix.map((_, j) => (i === j ? 1 : 0)),
    ),
  );
  return unit.map((a) => unit.map((b) => sum(a.map((x, i) => x * b[i]))));
}
