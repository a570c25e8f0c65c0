import { compare, type Quantity } from 'microjoule';
import { meanOf } from './mean.js';
import { estimates, type PreparedCell, valuesOf } from './prepared.js';
import { type Estimate, gainsAsTerms, halfWidthOf } from './term.js';
import type { Metric, Ratio, Sensors } from './types.js';

/** a / b by the library's `compare`: what both share cancels, the gain of one board too. */
export function ratioOf(a: Estimate, b: Estimate): Ratio {
  const result = compare(comparable(a), comparable(b));
  if (result.status === 'ok') return { ratio: result.ratio, lo: result.lo, hi: result.hi };
  return { ratio: a.value / b.value, lo: null, hi: null };
}

function comparable({ value, terms, gains }: Estimate): Parameters<typeof compare>[0] {
  // Gains go in as terms: an energy of several counters has several.
  const all = [...terms, ...gainsAsTerms(gains)];
  const uncertainty = halfWidthOf(all);
  const quantity: Quantity = { value, uncertainty, combinedUncertainty: uncertainty, unit: '1' };
  return {
    ...quantity,
    budget: { coverage: 0.95, terms: all, gain: { relative: 0, distribution: 'rectangular', key: 'in the terms' } },
  };
}

/** Mean an inference, J or s; null without a run that has it. */
export function meanPerInference(
  cell: PreparedCell,
  metric: Metric,
  sensors: Sensors | null,
): Estimate | null {
  if (metric === 'time') {
    const runs = valuesOf(cell, 'time', null).map((value) => ({ value, terms: [], gains: [] }));
    return runs.length > 0 ? meanOf(runs, cell.cell.id) : null;
  }
  if (!sensors) return null;
  const { found } = estimates(cell, sensors, metric, 'inference');
  return found.length > 0 ? meanOf(found, cell.cell.id) : null;
}
