/** 0.1, 1, 1k; not 100m, which reads as something else before a unit. */
const LABEL = "datum.value < 1 ? format(datum.value, '~r') : format(datum.value, '~s')";
/** In a shorter range, decades alone are too few. */
const DECADES_ALONE = 2.5;

/** Scale and axis of positive values, with ticks at decades, and between them where there are few. */
export function logAxis(values: readonly number[], title: string) {
  const lo = Math.floor(Math.log10(Math.min(...values)));
  const hi = Math.ceil(Math.log10(Math.max(...values)));
  const steps = hi - lo > DECADES_ALONE ? [1] : [1, 2, 5];
  const ticks = Array.from({ length: hi - lo + 1 }, (_, i) => lo + i).flatMap((power) =>
    steps.map((step) => step * 10 ** power),
  );
  return {
    axis: { title, grid: true, values: ticks, labelExpr: LABEL, labelOverlap: true },
    scale: { type: 'log', nice: false, padding: 12 },
  };
}
