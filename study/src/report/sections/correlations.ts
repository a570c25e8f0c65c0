import { modelName } from '../../analysis/names.js';
import { probability } from '../../analysis/words.js';
import type { Context } from '../context.js';
import { type Html, html } from '../html.js';
import { table } from '../parts.js';

const SCOPES = { total: 'board and processor', gpu: 'board', cpu: 'processor' };

export function correlationTable(context: Context): Html {
  const rows = context.analysis.correlations.map(({ of, sensors, basis, n, result }) => {
    const name = of === 'all' ? 'All models' : modelName(of as Parameters<typeof modelName>[0]);
    const interval =
      result?.lo === null || result?.hi === null || !result
        ? '–'
        : `${result.lo.toFixed(2)} to ${result.hi.toFixed(2)}`;
    return html`<tr><th scope="row">${name}</th><td>${SCOPES[sensors]}, ${basis}</td><td class="number">${n}</td>
<td class="number">${result ? result.rho.toFixed(3) : 'too few cells'}</td><td class="number">${interval}</td>
<td class="number">${result ? probability(result.p) : '–'}</td></tr>`;
  });
  return table(context, {
    id: 'correlations',
    caption: "Spearman's correlation of energy and time an inference over cells, each cell once.",
    head: ['Cells', 'Energy', 'n', 'ρ', '95 % interval', 'p'],
    rows,
  });
}
