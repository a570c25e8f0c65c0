import { stripVTControlCharacters } from 'node:util';
import type { FailedCheck, FailedRun } from '../../analysis/types.js';
import type { Context } from '../context.js';
import { type Html, html } from '../html.js';
import { details, numeric, section, table } from '../parts.js';

const NAMES: Record<FailedCheck['check'], string> = {
  gate: 'stability gate',
  sampling: 'cost of sampling',
  agreement: 'output agreement',
  throttling: 'throttling',
  'other-work': 'other work',
  energy: 'energy',
  configuration: 'configuration',
};

export function checks(context: Context): Html {
  const { analysis } = context;
  const parts = [failures(context), excluded(context), failedChecks(context)].filter((part) => part !== null);
  const rule = analysis.table.outliers;
  const words = rule.rule === 'none' ? 'none' : `quartiles and ${rule.factor} times their distance`;
  return section(
    'checks',
    'Checks that failed',
    html`<p>Outlier rule, fixed in the run table before the first run and applied to every cell: ${words}.</p>`,
    parts.length > 0
      ? parts
      : html`<p>None: no run failed, none was excluded, and every check of every run passed.</p>`,
    overhead(context),
  );
}

/** Runs of one cell that failed alike are one line. */
function failures(context: Context): Html | null {
  const lines = new Map<string, FailedRun & { runs: number }>();
  for (const failure of context.analysis.failures) {
    const key = `${failure.cell} ${failure.during} ${failure.reason}`;
    const known = lines.get(key);
    lines.set(key, { ...(known ?? failure), runs: (known?.runs ?? 0) + 1 });
  }
  const rows = [...lines.values()].map(
    ({ run, cell, during, reason, log, runs }) =>
      html`<tr><th scope="row">${runs > 1 ? cell : run}</th><td class="number">${runs}</td><td>${during}</td><td>${reason}${
        log.length > 0
          ? details(
              runs > 1 ? `log of ${run}` : 'log',
              html`<pre tabindex="0">${log.map(stripVTControlCharacters).join('\n')}</pre>`,
            )
          : null
      }</td></tr>`,
  );
  if (rows.length === 0) return null;
  const caption = 'Runs that failed or were found impossible. They stay failed.';
  return table(context, {
    id: 'failures',
    caption,
    head: ['Run or cell', numeric('Runs'), 'During', 'Reason'],
    rows,
  });
}

function excluded(context: Context): Html | null {
  const rows = context.analysis.excluded.map(
    ({ run, why, reason }) => html`<tr><th scope="row">${run}</th><td>${why}</td><td>${reason}</td></tr>`,
  );
  if (rows.length === 0) return null;
  return table(context, {
    id: 'excluded',
    caption: 'Rows that enter no mean.',
    head: ['Run', 'Why', 'Reason'],
    rows,
  });
}

/** The same check of many runs of a cell is one line. */
function failedChecks(context: Context): Html | null {
  const lines = new Map<string, FailedCheck & { runs: number }>();
  for (const check of context.analysis.checks) {
    const key = `${check.cell} ${check.check} ${check.reason.replace(/[\d.]+/g, '#')}`;
    const known = lines.get(key);
    lines.set(key, { ...(known ?? check), runs: (known?.runs ?? 0) + 1 });
  }
  const rows = [...lines.values()].map(
    ({
      cell,
      check,
      reason,
      runs,
      run,
    }) => html`<tr><th scope="row">${cell}</th><td>${NAMES[check]}</td><td class="number">${runs}</td>
<td>${reason}${runs > 1 ? html` <span class="quiet">(${run}, and others)</span>` : null}</td></tr>`,
  );
  if (rows.length === 0) return null;
  return table(context, {
    id: 'failed-checks',
    caption: 'What records of runs say against them.',
    head: ['Cell', 'Check', numeric('Runs'), 'Reason'],
    rows,
  });
}

/** Shown whether it failed or not: the comparison rests on it. */
function overhead(context: Context): Html | null {
  const { overhead: cells } = context.analysis;
  if (cells.length === 0) return null;
  const rows = cells.map(
    ({ cell, sentence, pairs, runs }) =>
      html`<tr><th scope="row">${cell}</th><td>${sentence}</td><td class="number">${pairs}</td><td class="number">${runs}</td></tr>`,
  );
  return details(
    'What sampling does to the time of an inference',
    html`<p>In each run, after the warm-up: short blocks with a second meter that samples as the first does, and without it, in turn. What the second changes is taken for what the first costs. It is a fault where the interval lies outside ±0.5 %.</p>
${table(context, {
  id: 'overhead',
  caption: 'Cost of sampling.',
  head: ['Cell', 'Time per inference', numeric('Pairs'), numeric('Runs')],
  rows,
})}`,
  );
}
