/** Sum of t^3 - t over the groups of t equal values; 0 without ties. */
export function sumOfTies(values: readonly number[]): number {
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts.values()].reduce((total, count) => total + count ** 3 - count, 0);
}
