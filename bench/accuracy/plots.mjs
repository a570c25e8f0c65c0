// Plots of the grid as SVG.

import { svg } from '../lib/svg.mjs';

const WIDTH = 380;
const METHODS = [
  ['rmse', 'microjoule'],
  ['plain_rmse', 'counter difference'],
  ['polled_rmse', '10 ms polling of a 1 s mean'],
];

/** RMSE over the length of the window, by method, one panel a kind; medians over the loads of one machine. */
export function errors(cells, machine) {
  const values = cells
    .filter((cell) => cell.machine === machine)
    .flatMap((cell) =>
      METHODS.map(([field, method]) => ({ ms: cell.length_ms, kind: cell.kind, method, rmse: cell[field] })),
    );
  return svg({
    data: { values },
    facet: { column: { field: 'kind', title: null } },
    title: `RMSE, ${machine}, median over the loads`,
    spec: {
      width: WIDTH,
      height: 260,
      mark: { type: 'line', point: true },
      encoding: {
        x: { field: 'ms', type: 'quantitative', scale: { type: 'log' }, title: 'length of the window, ms' },
        y: {
          field: 'rmse',
          aggregate: 'median',
          type: 'quantitative',
          scale: { type: 'log' },
          title: 'RMSE, % of the true energy',
        },
        color: { field: 'method', type: 'nominal', title: null },
      },
    },
  });
}

/** The share of runs whose interval holds the truth, a point a cell. */
export function coverage(cells) {
  const values = cells.map(({ machine, kind, length_ms, misses, runs }) => ({
    machine,
    kind,
    ms: length_ms,
    covered: 100 * (1 - misses / runs),
  }));
  return svg({
    data: { values },
    facet: { column: { field: 'kind', title: null } },
    title: 'Coverage of the 95 % interval, a point a cell',
    spec: {
      width: WIDTH,
      height: 260,
      layer: [
        {
          mark: { type: 'point', filled: true, opacity: 0.6 },
          encoding: {
            x: {
              field: 'ms',
              type: 'quantitative',
              scale: { type: 'log' },
              title: 'length of the window, ms',
            },
            y: {
              field: 'covered',
              type: 'quantitative',
              scale: { domain: [88, 100] },
              title: 'intervals that hold the truth, %',
            },
            color: { field: 'machine', type: 'nominal', title: null },
          },
        },
        { mark: { type: 'rule', strokeDash: [4, 4] }, encoding: { y: { datum: 95 } } },
      ],
    },
  });
}
