import { groupName } from '../../analysis/names.js';
import type { Count } from '../../analysis/types.js';
import { breakEvenChart } from '../charts/break-even.js';
import { type Context, labelOf } from '../context.js';
import { type Html, html } from '../html.js';
import { countText, readingText } from '../numbers.js';
import { figure, numeric, section, seriesLegend, table } from '../parts.js';

const counted = (count: Count): string => {
  if ('never' in count) return `never: ${count.never}`;
  if ('unknown' in count) {
    const { unknown, atLeast } = count;
    return atLeast === undefined ? unknown : `${unknown}; at least ${countText(atLeast)}`;
  }
  const { value } = count;
  return 'noInterval' in count
    ? `${countText(value)} (${count.noInterval})`
    : `${countText(value)} (${countText(count.lo)} to ${countText(count.hi)})`;
};

export async function breakEven(context: Context): Promise<Html | null> {
  const { breakEven: rows } = context.analysis;
  if (rows.length === 0) return null;
  const panels = rows.flatMap((row) => {
    const drawing = breakEvenChart(context.analysis, row);
    return drawing ? [{ title: groupName(row.model, row.batch), drawing }] : [];
  });
  return section(
    'break-even',
    'When the engine build pays',
    html`<p>TensorRT builds an engine before its first inference. The build is in no figure of the steady state; it has paid for itself after so many inferences against the CUDA provider with the same file. Idle power is included on both sides.</p>`,
    table(context, {
      id: 'break-even-table',
      caption:
        'Time and energy of the engine build, and the number of inferences after which it pays, with 95 % intervals.',
      head: [
        'Cell',
        'For',
        'Against',
        ...['Builds', 'Build, s', 'Build, J'].map((title) => numeric(title)),
        'Pays in energy after',
        'Pays in time after',
      ],
      rows: rows.map(
        (
          row,
        ) => html`<tr><th scope="row">${labelOf(context, row.cell)}</th><td>${groupName(row.model, row.batch)}</td>
<td>${labelOf(context, row.against)}</td><td class="number">${row.builds}</td>
<td class="number">${readingText(row.buildSeconds)}</td><td class="number">${readingText(row.buildJ)}</td>
<td>${counted(row.inferences.energy)}</td><td>${counted(row.inferences.time)}</td></tr>`,
      ),
    }),
    panels.length > 0 &&
      (await figure(context, {
        id: 'fig-break-even',
        panels,
        legend: seriesLegend(['onnxruntime', 'tensorrt']),
        caption:
          'Energy so far over the number of inferences. Solid: TensorRT, its build first; dashed: CUDA. The dot is where they cross.',
      })),
  );
}
