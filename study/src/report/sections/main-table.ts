// The main table: every cell, also those that could not be run, with the reason.
import { groupName } from '../../analysis/names.js';
import type { CellResult, Group, Reading } from '../../analysis/types.js';
import type { Context } from '../context.js';
import { type Html, html, type Part } from '../html.js';
import { valueText } from '../numbers.js';
import { numeric, section, table } from '../parts.js';

interface Column {
  title: string;
  unit: string;
  of(cell: CellResult): Reading;
  scale?: number;
}

const COLUMNS: Column[] = [
  {
    title: 'mJ per inference, gross',
    unit: 'idle included',
    of: (cell) => widest(cell, 'gross'),
    scale: 1000,
  },
  { title: 'mJ per inference, net', unit: 'above idle', of: (cell) => widest(cell, 'net'), scale: 1000 },
  { title: 'total_energy_J', unit: 'J, gross', of: ({ energy }) => energy.total.gross },
  { title: 'gpu_energy_J', unit: 'J, gross', of: ({ energy }) => energy.gpu.gross },
  { title: 'cpu_energy_J', unit: 'J, gross', of: ({ energy }) => energy.cpu.gross },
  { title: 'mean_gpu_power', unit: 'W', of: (cell) => cell.meanGpuPowerW },
  { title: 'mean_gpu_util', unit: '%', of: (cell) => cell.meanGpuUtilPercent },
  { title: 'mean_gpu_mem_util', unit: '%', of: (cell) => cell.meanGpuMemUtilPercent },
  { title: 'total_elapsed_time', unit: 's', of: (cell) => cell.elapsedSeconds },
  { title: 'latency p50', unit: 'ms', of: ({ latencyMs }) => latencyMs.p50 },
  { title: 'latency p99', unit: 'ms', of: ({ latencyMs }) => latencyMs.p99 },
  { title: 'inferences', unit: 'per s', of: (cell) => cell.inferencesPerSecond },
  { title: 'idle, board', unit: 'W', of: ({ idleW }) => idleW.gpu },
  { title: 'idle, processor', unit: 'W', of: ({ idleW }) => idleW.cpu },
];

/** Total where both were measured, else what was. */
function widest({ perInference }: CellResult, basis: 'net' | 'gross'): Reading {
  const readings = [perInference.total[basis], perInference.gpu[basis], perInference.cpu[basis]];
  return readings.find((reading) => 'value' in reading) ?? (readings[0] as Reading);
}

/** A narrow column may break a name behind its underscores. */
const breakable = (title: string): Part =>
  title.split('_').flatMap((part, i) => (i === 0 ? [part] : [html`_<wbr>`, part]));

/** What no cell has comes last. */
function ordered(cells: readonly CellResult[]): Column[] {
  const isSeen = ({ of }: Column) => cells.some((cell) => 'value' in of(cell));
  return [...COLUMNS.filter(isSeen), ...COLUMNS.filter((column) => !isSeen(column))];
}

/** Reasons are told once, below the table. */
class Notes {
  readonly #reasons: string[] = [];

  mark(reason: string): Html {
    if (!this.#reasons.includes(reason)) this.#reasons.push(reason);
    const number = this.#reasons.indexOf(reason) + 1;
    return html`<sup><a href="#why-${number}">${number}</a></sup>`;
  }

  list(): Html | null {
    if (this.#reasons.length === 0) return null;
    return html`<ol class="notes">${this.#reasons.map((reason, i) => html`<li id="why-${i + 1}">${reason}</li>`)}</ol>`;
  }
}

export function mainTable(context: Context): Html {
  const notes = new Notes();
  const columns = ordered(context.analysis.cells);
  const head = [
    html`model_name, batch_size<br><span class="unit">runtime, provider</span>`,
    ...columns.map(({ title, unit }) => numeric(breakable(title), unit)),
    numeric('n', 'failed'),
    'status',
  ];
  const rows = context.analysis.groups.map((group) => body(context, group, notes, columns));
  return section(
    'table',
    'Main table',
    html`<p>Means over runs; ± is the half-width of the 95 % interval without the gain of the board, for comparisons on the same board. Intervals with the gain are in <a href="#downloads">cells.csv</a>. An inference is one call with the whole batch. Energies an inference are of board and processor together where both were measured.</p>`,
    table(context, {
      id: 'main-table',
      caption:
        'Energy, power, utilisation and time of every cell. Cells that could not be run keep their reason and are not ranked.',
      head,
      rows,
      rowsAreBodies: true,
    }),
    notes.list(),
  );
}

function body(
  { analysis }: Context,
  { model, batch, energy, time }: Group,
  notes: Notes,
  columns: readonly Column[],
): Html {
  const order = (energy ?? time)?.cells ?? [];
  const place = ({ id }: CellResult) => (order.includes(id) ? order.indexOf(id) : order.length);
  const cells = analysis.cells
    .filter((cell) => cell.model === model && cell.batch === batch)
    .sort((a, b) => place(a) - place(b));
  return html`<tbody>
<tr class="group"><th scope="rowgroup" colspan="${columns.length + 3}">${groupName(model, batch)}</th></tr>
${cells.map((cell) => row(cell, notes, columns))}
</tbody>`;
}

function row(cell: CellResult, notes: Notes, columns: readonly Column[]): Html {
  const failed = cell.failed > 0 ? html`<br><span class="unit">${cell.failed} failed</span>` : null;
  const why = cell.reason && cell.n > 0 ? [cell.reason] : [];
  const marks: Part[] = [...why, ...cell.notes].map((note) => notes.mark(note));
  const kind = cell.null ? 'null run' : cell.status;
  const name = html`<th scope="row">${cell.label}${marks}</th>`;
  const end = html`<td class="number">${cell.n}${failed}</td><td><span class="status ${cell.null ? '' : kind}">${kind}</span></td>`;
  if (cell.reason && cell.n === 0) {
    return html`<tr class="off">${name}<td class="reason" colspan="${columns.length}"><span>${cell.reason}</span></td>${end}</tr>`;
  }
  const readings = columns.map(({ of, scale }) => {
    const reading = of(cell);
    return 'value' in reading
      ? html`<td class="number">${valueText(reading, scale)}</td>`
      : html`<td class="none">not measured${notes.mark(reading.notMeasured)}</td>`;
  });
  return html`<tr${cell.ranked ? null : html` class="off"`}>${name}${readings}${end}</tr>`;
}
