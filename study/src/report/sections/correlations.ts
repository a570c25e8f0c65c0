import { modelName } from '../../analysis/names.js';
import type { CorrelationRow } from '../../analysis/types.js';
import { probability } from '../../analysis/words.js';
import { commonFigure } from '../charts/energy-time.js';
import type { Context } from '../context.js';
import { type Html, html } from '../html.js';
import { details, numeric, table } from '../parts.js';

const SCOPES = { total: 'board and processor', gpu: 'board', cpu: 'processor' };

/** Of the figure's energy; of the others folded. */
export function correlationTables(context: Context): Html {
  const shown = commonFigure(context.analysis);
  const isShown = ({ sensors, basis }: CorrelationRow) => sensors === shown?.sensors && basis === shown.basis;
  const { correlations } = context.analysis;
  const others = correlations.filter((row) => !isShown(row));
  return html`${tableOf(context, 'correlations', 'energy', correlations.filter(isShown))}
${others.length > 0 && details('Of the other energies', tableOf(context, 'other-correlations', 'the other energies', others))}`;
}

function tableOf(context: Context, id: string, which: string, correlations: readonly CorrelationRow[]): Html {
  const rows = correlations.map(({ of, sensors, basis, n, result }) => {
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
    id,
    caption: `Spearman's correlation of ${which} and time an inference over cells, each cell once.`,
    head: ['Cells', 'Energy', ...['n', 'ρ', '95 % interval', 'p'].map((title) => numeric(title))],
    rows,
  });
}
