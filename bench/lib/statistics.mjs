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
