// How an inference's energy divides between board and processor.
import { groupName } from '../../analysis/names.js';
import { type Analysis, type Basis, type Group, isValue } from '../../analysis/types.js';
import { joules } from '../numbers.js';
import { colour } from '../palette.js';
import type { Drawing } from '../svg.js';
import { frame, lineAt, textLayers, yOf } from './rows.js';

export function splitChart(analysis: Analysis, { model, batch }: Group, basis: Basis): Drawing | null {
  const rows = analysis.cells
    .filter((cell) => cell.ranked && cell.model === model && cell.batch === batch)
    .flatMap((cell) => {
      const [gpu, cpu] = [cell.perInference.gpu[basis], cell.perInference.cpu[basis]];
      if (!isValue(gpu) || !isValue(cpu)) return [];
      return [{ label: cell.label, gpu: Math.max(0, gpu.value), cpu: Math.max(0, cpu.value) }];
    })
    .sort((a, b) => a.gpu + a.cpu - (b.gpu + b.cpu));
  if (rows.length === 0) return null;
  const { scale, unit } = joules(Math.max(...rows.map(({ gpu, cpu }) => gpu + cpu)));
  const values = rows.flatMap(({ gpu, cpu }, i) => [
    { at: lineAt(i), part: 'gpu', from: 0, to: scale * gpu },
    { at: lineAt(i), part: 'cpu', from: scale * gpu, to: scale * (gpu + cpu) },
  ]);
  const share = (row: (typeof rows)[number]) =>
    `${((100 * row.gpu) / (row.gpu + row.cpu)).toFixed(0)} % board`;
  const axis = { title: `Energy an inference, ${unit}`, grid: true, tickCount: 5, labelFlush: true };
  const parts = { domain: ['gpu', 'cpu'], range: [colour('gpu'), colour('cpu')] };
  return {
    spec: {
      ...frame(rows.length),
      layer: [
        {
          data: { values },
          mark: { type: 'bar', size: 13, stroke: colour('page'), strokeWidth: 1 },
          encoding: {
            y: yOf('at', rows.length),
            x: { field: 'from', type: 'quantitative', axis },
            x2: { field: 'to' },
            color: { field: 'part', type: 'nominal', scale: parts, legend: null },
          },
        },
        ...textLayers(rows.map((row) => ({ name: row.label, text: share(row) }))),
      ],
    } as never,
    alternative: `Share of the board in an inference's energy, ${groupName(model, batch)}: ${rows.map((row) => `${row.label} ${share(row)}`).join('; ')}.`,
  };
}
