import studentQuantile from '@stdlib/stats-base-dists-t-quantile';

export const mean = (values: readonly number[]): number =>
  values.reduce((total, value) => total + value, 0) / values.length;

/** Sample standard deviation (n - 1). */
export function standardDeviation(values: readonly number[]): number {
  const centre = mean(values);
  const squares = values.reduce((total, value) => total + (value - centre) ** 2, 0);
  return Math.sqrt(squares / (values.length - 1));
}

/** Half-width of the 95 % interval of the mean of n independent values; of one value nothing is known. */
export function scatterOfMean(values: readonly number[]): number | null {
  const n = values.length;
  if (n < 2) return null;
  return (studentQuantile(0.975, n - 1) * standardDeviation(values)) / Math.sqrt(n);
}

/** As numpy's default: linear between the order statistics (type 7 of Hyndman and Fan 1996). */
export function quantile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const place = (sorted.length - 1) * p;
  const below = sorted[Math.floor(place)] as number;
  const above = sorted[Math.ceil(place)] as number;
  return below + (place - Math.floor(place)) * (above - below);
}
