import { compare, type PaidFigure, type Quantity } from 'microjoule';
import { meanOf } from './mean.js';
import { countedRuns, type PreparedCell, perInference } from './prepared.js';
import { type Estimate, gainsAsTerms, halfWidthOf } from './term.js';
import type { Metric, Ratio, Sensors } from './types.js';

const ONE_RUN = 'one run gives no interval';

/** Why a figure has no uncertainty: a time has no budget of its own, and its scatter takes two runs. */
export const noInterval = (...figures: readonly Estimate[]): string | undefined =>
  figures.some(({ terms, gains }) => terms.length + gains.length === 0) ? ONE_RUN : undefined;

/** a / b by the library's `compare`: what both share cancels, the gain of one board too. */
export function ratioOf(a: Estimate, b: Estimate): Ratio {
  const none = noInterval(a, b);
  if (none !== undefined) return { ratio: a.value / b.value, lo: null, hi: null, noInterval: none };
  const result = compare(comparable(a), comparable(b));
  if (result.status === 'ok') return { ratio: result.ratio, lo: result.lo, hi: result.hi };
  return { ratio: a.value / b.value, lo: null, hi: null };
}

export function comparable({ value, terms, gains }: Estimate): PaidFigure {
  // Gains go in as terms: an energy of several counters has several.
  const all = [...terms, ...gainsAsTerms(gains)];
  const uncertainty = halfWidthOf(all);
  const quantity: Quantity = { value, uncertainty, combinedUncertainty: uncertainty, unit: '1' };
  return {
    ...quantity,
    budget: {
      coverage: 0.95,
      terms: all,
      gain: { relative: 0, distribution: 'rectangular', key: 'in the terms' },
    },
  };
}

// Every cell is compared with every other one of its group.
const known = new WeakMap<PreparedCell, Map<string, Estimate | null>>();

/** Mean an inference, J or s, of the runs that count by then; null without a run that has it. */
export function meanPerInference(
  cell: PreparedCell,
  metric: Metric,
  sensors: Sensors | null,
): Estimate | null {
  const means = known.get(cell) ?? new Map<string, Estimate | null>();
  known.set(cell, means);
  const key = `${metric} ${sensors}`;
  const mean = means.has(key) ? (means.get(key) ?? null) : computed(cell, metric, sensors);
  means.set(key, mean);
  return mean;
}

function computed(cell: PreparedCell, metric: Metric, sensors: Sensors | null): Estimate | null {
  const runs = countedRuns(cell).flatMap((run) => perInference(run, metric, sensors) ?? []);
  return runs.length > 0 ? meanOf(runs, cell.cell.id) : null;
}
