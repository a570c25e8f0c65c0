import type { Energy, Quantity } from '../index.js';

const SCALES: [number, string][] = [
  [1, ''],
  [1e-3, 'm'],
  [1e-6, 'u'],
];

/** Two significant digits of the uncertainty decide the digits of the value, as the GUM recommends. */
export function quantity(q: Quantity): string {
  const [scale, prefix] = scaleOf(q.value);
  const digits = digitsFor(q.uncertainty / scale);
  const show = (x: number) => (x / scale).toFixed(digits);
  return `${show(q.value)} ± ${show(q.uncertainty)} ${prefix}${q.unit} (± ${show(q.combinedUncertainty)} with gain)`;
}

function scaleOf(value: number): [number, string] {
  const size = Math.abs(value);
  return SCALES.find(([scale]) => size >= scale) ?? (size === 0 ? [1, ''] : [1e-6, 'u']);
}

function digitsFor(uncertainty: number): number {
  if (!(uncertainty > 0)) return 3;
  return Math.min(6, Math.max(0, 1 - Math.floor(Math.log10(uncertainty))));
}

/** One line on a scope that gave no figure. */
export function notMeasured(energy: Energy): string {
  if (energy.status === 'unsupported') {
    return `${energy.id}: not measured: ${energy.reason}${energy.remedy ? `  Remedy: ${energy.remedy}` : ''}`;
  }
  return `${energy.id}: ${energy.status}${energy.status === 'suspect' ? ` (${energy.cause}): ${energy.reason}` : ''}`;
}

/** Columns aligned on the left, two spaces apart. */
export function table(rows: string[][]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, cell.length);
    });
  }
  return rows
    .map((row) =>
      row
        .map((cell, i) => (i === row.length - 1 ? cell : cell.padEnd(widths[i] as number)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
