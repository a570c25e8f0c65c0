// Plots as SVG text, drawn by Vega-Lite.
import { Error as ErrorLevel, parse, View } from 'vega';
import { compile } from 'vega-lite';

/** @param {object} spec of Vega-Lite */
export function svg(spec) {
  const { spec: compiled } = compile({ background: 'white', ...spec });
  return new View(parse(compiled), { renderer: 'none', logLevel: ErrorLevel }).toSVG();
}

/**
 * Points with error bars, and lines.
 * @typedef {{ name: string, points: [x: number, y: number, halfWidth?: number][], line?: boolean }} PlotSeries
 * @param {{ title: string, x: string, y: string, series: PlotSeries[], logX?: boolean, logY?: boolean,
 *   yRange?: [number, number] }} plot
 */
export function plot({ title, x, y, series, logX = false, logY = false, yRange }) {
  const rows = (wanted) =>
    series
      .filter(({ line = false }) => line === wanted)
      .flatMap(({ name, points }) => points.map(([px, py, half = 0]) => ({ name, x: px, y: py, half })))
      .filter((row) => !(logX && row.x <= 0) && !(logY && row.y <= 0));
  // A bar that reaches to zero has no end on a logarithmic axis.
  const low = ({ y, half }) => (logY ? Math.max(y - half, y / 100) : y - half);
  const points = rows(false).map((row) => ({ ...row, low: low(row), high: row.y + row.half }));
  const type = (log) => (log ? 'log' : 'linear');
  const xAxis = { field: 'x', type: 'quantitative', title: x, scale: { type: type(logX), zero: false } };
  const yScale = {
    type: type(logY),
    zero: false,
    ...(yRange ? { domain: yRange, clamp: true } : {}),
  };
  const yAxis = (field) => ({ field, type: 'quantitative', title: y, scale: yScale });
  const color = { field: 'name', type: 'nominal', title: null, sort: series.map(({ name }) => name) };
  return svg({
    title,
    width: 550,
    height: 290,
    layer: [
      {
        data: { values: points.filter(({ half }) => half > 0) },
        mark: { type: 'rule', opacity: 0.35 },
        encoding: { x: xAxis, y: yAxis('low'), y2: { field: 'high' }, color },
      },
      {
        data: { values: points },
        mark: { type: 'point', filled: true, size: 16, opacity: 0.75 },
        encoding: { x: xAxis, y: yAxis('y'), color },
      },
      { data: { values: rows(true) }, mark: 'line', encoding: { x: xAxis, y: yAxis('y'), color } },
    ],
  });
}
