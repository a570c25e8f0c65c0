// Gross beside net, and the method of 2024 beside the counters.
import { groupName } from '../../analysis/names.js';
import type { Ratio } from '../../analysis/types.js';
import { type Context, labelOf } from '../context.js';
import { type Html, html } from '../html.js';
import { readingText } from '../numbers.js';
import { numeric, section, table } from '../parts.js';

const ratioText = ({ ratio, lo, hi }: Ratio): string =>
  lo === null || hi === null
    ? `${ratio.toFixed(2)} (no interval)`
    : `${ratio.toFixed(2)} (${lo.toFixed(2)} to ${hi.toFixed(2)})`;

export function grossAndNet(context: Context): Html {
  const { readings, groups } = context.analysis;
  const bodies = groups.flatMap(({ model, batch }) => {
    const rows = readings.filter((row) => row.model === model && row.batch === batch);
    const [first] = rows;
    if (!first) return [];
    const title = `${groupName(model, batch)}, over ${labelOf(context, first.reference)}`;
    return [
      body(
        title,
        4,
        rows.map(
          ({ cell, gross, net, idleW }) => html`<tr><th scope="row">${labelOf(context, cell)}</th>
<td class="number">${ratioText(gross)}</td><td class="number">${ratioText(net)}</td><td class="number">${readingText(idleW)}</td></tr>`,
        ),
      ),
    ];
  });
  return section(
    'gross-net',
    'What subtracting idle does',
    html`<p>Subtracting idle power moves the ratio of two runtimes: the slower one keeps the machine waiting longer, and gross energy counts that. Neither reading is wrong; they answer different questions.</p>`,
    bodies.length === 0
      ? html`<p class="note">No group has both gross and net energy.</p>`
      : table(context, {
          id: 'gross-net-table',
          caption: 'Energy an inference over that of the best of its group, with 95 % intervals.',
          head: ['Cell', numeric('Gross ratio'), numeric('Net ratio'), numeric('Idle subtracted, W')],
          rows: bodies,
          rowsAreBodies: true,
        }),
  );
}

const body = (title: string, columns: number, rows: readonly Html[]): Html =>
  html`<tbody><tr class="group"><th scope="rowgroup" colspan="${columns}">${title}</th></tr>${rows}</tbody>`;

export function compat2024(context: Context): Html | null {
  const { compat2024: all, groups } = context.analysis;
  const [first] = all;
  if (!first) return null;
  const share = (ratio: number | null) => (ratio === null ? '–' : ratio.toFixed(3));
  const bodies = groups.flatMap(({ model, batch }) => {
    const rows = all.filter(({ cell }) => {
      const known = context.cell(cell);
      return known?.model === model && known.batch === batch;
    });
    if (rows.length === 0) return [];
    return [
      body(
        groupName(model, batch),
        6,
        rows.map(
          (row) => html`<tr><th scope="row">${labelOf(context, row.cell)}</th><td class="number">${row.n}</td>
<td class="number">${readingText(row.gpuJ, 1000)}</td><td class="number">${share(row.gpuRatio)}</td>
<td class="number">${readingText(row.cpuJ, 1000)}</td><td class="number">${share(row.cpuRatio)}</td></tr>`,
        ),
      ),
    ];
  });
  return section(
    'compat-2024',
    'The method of 2024 on the same runs',
    html`<p>Net of mean idle power; ratios are over what the counters give, net. As the journal says of it: ${first.note}</p>`,
    table(context, {
      id: 'compat-table',
      caption: 'mJ an inference by the method of the 2024 paper, and over the counters.',
      head: [
        'Cell',
        ...['n', 'GPU, mJ', 'over counter', 'CPU, mJ', 'over counter'].map((title) => numeric(title)),
      ],
      rows: bodies,
      rowsAreBodies: true,
    }),
  );
}
