// Every run against the mean of its cell, in per cent: scatter, outliers, and what the outlier rule took out.
import { groupName } from '../../analysis/names.js';
import { mean, quantile } from '../../analysis/stats/summary.js';
import type { Analysis, Group, GroupTests, RunRow } from '../../analysis/types.js';
import { significant } from '../../analysis/words.js';
import { colour, colourScale, seriesOf, shapeScale } from '../palette.js';
import type { Drawing } from '../svg.js';
import { frame, lineAt, textLayers, yOf } from './rows.js';

function valueOfRun(run: RunRow, { metric, sensors }: GroupTests): number | null {
  if (metric === 'time' || !sensors) return run.seconds / run.inferences;
  const joules = run.energy[sensors][metric];
  return joules === null ? null : joules / run.inferences;
}

export function distributionChart(analysis: Analysis, { model, batch, energy, time }: Group): Drawing | null {
  const tests = energy ?? time;
  if (!tests) return null;
  const rows = tests.cells.flatMap((id) => {
    const cell = analysis.cells.find((one) => one.id === id);
    const runs = analysis.runs
      .filter((run) => run.cell === id)
      .map((run) => ({ value: valueOfRun(run, tests), out: run.excluded !== null }))
      .filter((run): run is { value: number; out: boolean } => run.value !== null);
    const counted = runs.filter(({ out }) => !out).map(({ value }) => value);
    if (!cell || counted.length < 2) return [];
    const centre = mean(counted);
    const percent = (value: number) => 100 * (value / centre - 1);
    const quartiles = { q1: percent(quantile(counted, 0.25)), q3: percent(quantile(counted, 0.75)) };
    const points = runs.map(({ value, out }) => ({ percent: percent(value), out, series: seriesOf(cell) }));
    const spread = Math.sqrt(
      mean(counted.map((value) => percent(value) ** 2)) * (counted.length / (counted.length - 1)),
    );
    return [{ label: cell.label, ...quartiles, points, spread, n: counted.length }];
  });
  if (rows.length === 0) return null;
  const words = rows.map(({ label, spread, n }) => `${label} ${significant(spread, 2)} %, ${n} runs`);
  return {
    spec: { ...frame(rows.length), layer: layers(rows) } as never,
    alternative: `Runs of ${groupName(model, batch)} about the mean of their cell; standard deviation: ${words.join('; ')}.`,
  };
}

interface Row {
  label: string;
  q1: number;
  q3: number;
  points: { percent: number; out: boolean; series: string }[];
  spread: number;
}

function layers(rows: readonly Row[]) {
  const y = yOf('at', rows.length);
  const axis = {
    title: 'Deviation from the mean of the cell, %',
    grid: true,
    tickCount: 5,
    labelFlush: true,
  };
  const x = (field: string) => ({ field, type: 'quantitative', axis });
  const points = rows.flatMap((row, i) => row.points.map((point) => ({ ...point, at: lineAt(i) })));
  const color = { field: 'series', type: 'nominal', scale: colourScale, legend: null };
  return [
    {
      data: { values: rows.map(({ q1, q3 }, i) => ({ q1, q3, at: lineAt(i) })) },
      mark: { type: 'bar', size: 12, color: colour('band'), cornerRadius: 2 },
      encoding: { y, x: x('q1'), x2: { field: 'q3' } },
    },
    {
      data: { values: points.filter(({ out }) => !out) },
      mark: { type: 'point', filled: true, size: 34, opacity: 0.65 },
      encoding: {
        y,
        x: x('percent'),
        color,
        shape: { field: 'series', type: 'nominal', scale: shapeScale, legend: null },
      },
    },
    {
      data: { values: points.filter(({ out }) => out) },
      mark: { type: 'text', text: '✕', fontSize: 12, color: colour('ink') },
      encoding: { y, x: x('percent') },
    },
    ...textLayers(
      rows.map(({ label, spread }) => ({ name: label, text: `s = ${significant(spread, 2)} %` })),
    ),
  ];
}
