// Energy against time, one point a cell, one panel a model.
import { modelName } from '../../analysis/names.js';
import { type Analysis, type Basis, isValue, type Sensors } from '../../analysis/types.js';
import { significant } from '../../analysis/words.js';
import { colour, colourScale, seriesOf, shapeScale } from '../palette.js';
import { type Drawing, WIDTH } from '../svg.js';
import { logAxis } from './log-axis.js';

/** The sensors and the basis that most cells have. */
export function commonFigure(analysis: Analysis): { sensors: Sensors; basis: Basis } | null {
  const row = analysis.correlations
    .filter(({ of }) => of === 'all')
    .reduce<(typeof analysis.correlations)[number] | null>(
      (best, one) => (!best || one.n > best.n ? one : best),
      null,
    );
  return row && { sensors: row.sensors, basis: row.basis };
}

export function energyTimeCharts(analysis: Analysis): { title: string; drawing: Drawing }[] {
  const figure = commonFigure(analysis);
  if (!figure) return [];
  return analysis.table.models.flatMap((model) => {
    const points = analysis.cells
      .filter((cell) => cell.ranked && cell.model === model)
      .flatMap((cell) => {
        const energy = cell.perInference[figure.sensors][figure.basis];
        const time = cell.secondsPerInference;
        if (!isValue(energy) || !isValue(time) || !(energy.value > 0)) return [];
        return [
          {
            ms: 1000 * time.value,
            mJ: 1000 * energy.value,
            series: seriesOf(cell),
            label: cell.label,
            batch: cell.batch,
            single: cell.batch === 1,
          },
        ];
      });
    if (points.length === 0) return [];
    const words = points.map(
      ({ label, batch, ms, mJ }) => `${label}, batch ${batch}: ${significant(ms)} ms, ${significant(mJ)} mJ`,
    );
    const color = { field: 'series', type: 'nominal', scale: colourScale, legend: null };
    return [
      {
        title: modelName(model),
        drawing: {
          spec: {
            width: WIDTH - 60,
            height: 230,
            data: { values: points },
            mark: { type: 'point', size: 80, strokeWidth: 1.8 },
            encoding: {
              x: {
                field: 'ms',
                type: 'quantitative',
                ...logAxis(
                  points.map(({ ms }) => ms),
                  'Time an inference, ms',
                ),
              },
              y: {
                field: 'mJ',
                type: 'quantitative',
                ...logAxis(
                  points.map(({ mJ }) => mJ),
                  'Energy an inference, mJ',
                ),
              },
              stroke: color,
              fill: {
                condition: { test: 'datum.single', value: colour('page') },
                ...color,
              },
              shape: { field: 'series', type: 'nominal', scale: shapeScale, legend: null },
            },
          } as never,
          alternative: `Energy against time of ${modelName(model)}: ${words.join('; ')}.`,
        },
      },
    ];
  });
}
