// Energy (or time) an inference of the cells of one group, with its 95 % interval.
import { groupName } from '../../analysis/names.js';
import { type Analysis, type CellResult, type Group, isValue, type Value } from '../../analysis/types.js';
import { joules, valueText } from '../numbers.js';
import { colour, colourScale, seriesOf, shapeScale } from '../palette.js';
import type { Drawing } from '../svg.js';
import { frame, lineAt, textLayers, yOf } from './rows.js';

interface Row {
  cell: CellResult;
  /** What the group is compared by, and gross beside net. */
  main: Value;
  beside: Value | null;
}

/** Null where the group has nothing to show. */
export function perInferenceChart(analysis: Analysis, { model, batch, energy, time }: Group): Drawing | null {
  const tests = energy ?? time;
  if (!tests) return null;
  const rows = tests.cells.flatMap((id): Row[] => {
    const cell = analysis.cells.find((one) => one.id === id);
    if (!cell) return [];
    const { metric, sensors } = tests;
    const of = (basis: 'net' | 'gross') => (sensors ? cell.perInference[sensors][basis] : null);
    const main = metric === 'time' ? cell.secondsPerInference : of(metric);
    const beside = metric === 'net' ? of('gross') : null;
    return main && isValue(main) ? [{ cell, main, beside: beside && isValue(beside) ? beside : null }] : [];
  });
  const largest = Math.max(...rows.map(({ main, beside }) => Math.max(main.value, beside?.value ?? 0)));
  const { scale, unit } = energy ? joules(largest) : { scale: 1000, unit: 'ms' };
  const what = energy ? 'Energy' : 'Time';
  const words = rows.map(({ cell, main }) => `${cell.label} ${valueText(main, scale)} ${unit}`);
  return {
    spec: { ...frame(rows.length), layer: layers(rows, scale, `${what} an inference, ${unit}`) } as never,
    alternative: `${what} an inference, ${groupName(model, batch)}, least first: ${words.join('; ')}.`,
  };
}

function layers(rows: readonly Row[], scale: number, title: string) {
  const pointsOf = (pick: (row: Row) => Value | null) =>
    rows.flatMap((row, i) => {
      const value = pick(row);
      if (!value) return [];
      const half = value.uncertainty ?? 0;
      return [
        {
          at: lineAt(i),
          series: seriesOf(row.cell),
          zero: 0,
          value: scale * value.value,
          lo: scale * (value.value - half),
          hi: scale * (value.value + half),
        },
      ];
    });
  const [main, beside] = [pointsOf((row) => row.main), pointsOf((row) => row.beside)];
  const y = yOf('at', rows.length);
  const axis = { title, grid: true, tickCount: 5, labelFlush: true };
  const x = (field: string) => ({ field, type: 'quantitative', axis, scale: { zero: true } });
  const color = { field: 'series', type: 'nominal', scale: colourScale, legend: null };
  const shape = { field: 'series', type: 'nominal', scale: shapeScale, legend: null };
  const interval = (values: typeof main, opacity: number) => ({
    data: { values },
    mark: { type: 'rule', strokeWidth: 2, opacity },
    encoding: { y, x: x('lo'), x2: { field: 'hi' }, color },
  });
  const texts = rows.map(({ cell, main: value }) => ({ name: cell.label, text: valueText(value, scale) }));
  return [
    {
      data: { values: [...main, ...beside] },
      mark: { type: 'rule', strokeWidth: 1, color: colour('line') },
      encoding: { y, x: x('zero'), x2: { field: 'value' } },
    },
    interval(beside, 0.5),
    interval(main, 1),
    {
      data: { values: beside },
      mark: { type: 'point', filled: false, strokeWidth: 1.5, size: 60, fill: colour('page') },
      encoding: { y, x: x('value'), stroke: color, shape },
    },
    {
      data: { values: main },
      mark: { type: 'point', filled: true, size: 75, opacity: 1 },
      encoding: { y, x: x('value'), color, shape },
    },
    ...textLayers(texts),
  ];
}
