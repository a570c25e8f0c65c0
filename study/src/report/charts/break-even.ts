// Energy so far against the number of inferences: with an engine build first, and without.
import { type Analysis, type BreakEven, isValue } from '../../analysis/types.js';
import { countText } from '../numbers.js';
import { colour, colourScale } from '../palette.js';
import { type Drawing, WIDTH } from '../svg.js';
import { logAxis } from './log-axis.js';

export function breakEvenChart({ cells }: Analysis, row: BreakEven): Drawing | null {
  const count = row.inferences.energy;
  const { sensors, buildJ } = row;
  if (!('value' in count) || !sensors || !isValue(buildJ)) return null;
  const perInference = (id: string) => cells.find((cell) => cell.id === id)?.perInference[sensors].gross;
  const [own, other] = [perInference(row.cell), perInference(row.against)];
  if (!own || !other || !isValue(own) || !isValue(other)) return null;
  const decades = Math.max(2, Math.ceil(Math.log10(count.value)) + 1);
  const at = Array.from({ length: 8 * decades + 1 }, (_, i) => 10 ** (i / 8));
  const points = at.flatMap((n) => [
    { n, J: buildJ.value + own.value * n, series: 'tensorrt' },
    { n, J: other.value * n, series: 'onnxruntime' },
  ]);
  const crossing = [{ n: count.value, J: other.value * count.value }];
  const x = { field: 'n', type: 'quantitative', ...logAxis(at, 'Inferences') };
  const y = {
    field: 'J',
    type: 'quantitative',
    ...logAxis(
      points.map(({ J }) => J),
      'Energy so far, J',
    ),
  };
  return {
    spec: {
      width: WIDTH - 62,
      height: 170,
      layer: [
        {
          data: { values: points },
          mark: { type: 'line', strokeWidth: 2 },
          encoding: {
            x,
            y,
            color: { field: 'series', type: 'nominal', scale: colourScale, legend: null },
            strokeDash: {
              field: 'series',
              type: 'nominal',
              scale: {
                domain: ['tensorrt', 'onnxruntime'],
                range: [
                  [1, 0],
                  [5, 3],
                ],
              },
              legend: null,
            },
          },
        },
        {
          data: { values: crossing },
          mark: { type: 'point', size: 70, filled: true, opacity: 1, color: colour('ink') },
          encoding: { x, y },
        },
      ],
    } as never,
    alternative: `Energy so far over inferences: ${row.cell} with its build is below ${row.against} after ${countText(count.value)} inferences.`,
  };
}
