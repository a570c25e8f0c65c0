import type { Answer, Finding, FindingEvidence } from '../../analysis/types.js';
import type { Context } from '../context.js';
import { type Html, html } from '../html.js';
import { details, section, table } from '../parts.js';

const CLASSES: Record<Answer, string> = { holds: 'yes', 'does not hold': 'no', 'cannot be told': 'open' };
const BEARINGS: Record<FindingEvidence['bearing'], string> = {
  supports: 'as claimed',
  contradicts: 'otherwise',
  open: 'open',
  aside: 'beside it',
};

const chip = (answer: Answer) => html`<span class="chip ${CLASSES[answer]}">${answer}</span>`;

export function findings(context: Context): Html {
  const rows = context.analysis.findings.map(
    (finding) => html`<tr><th scope="row">${finding.claim}</th><td>${finding.on}</td>
<td>${chip(finding.answer)}<br>${finding.summary}</td>
<td>${chip(finding.byTime.answer)}<br>${finding.byTime.summary}</td></tr>`,
  );
  return section(
    'findings',
    'The findings of 2024, tested',
    html`<p>Alizadeh and Castor, “Green AI: A Preliminary Empirical Study on Energy Consumption in DL Models Across Different Runtime Infrastructures”, CAIN 2024 (arXiv 2402.13640). Each finding of its abstract against these data. Whatever is open stays open: a comparison counts only where its interval, its corrected test and the null floor allow it.</p>`,
    table(context, {
      id: 'findings-table',
      caption: 'The six findings of the paper, by energy and by time.',
      head: ['Finding', 'On', 'By energy', 'By time'],
      rows,
    }),
    context.analysis.findings.map(evidence),
  );
}

function evidence(finding: Finding): Html | null {
  const lines = (items: readonly FindingEvidence[]) =>
    html`<ul class="evidence">${items.map(
      ({ bearing, text }) => html`<li><span class="bearing">${BEARINGS[bearing]}</span> ${text}</li>`,
    )}</ul>`;
  if (finding.evidence.length === 0) return null;
  return details(
    html`${finding.claim} <span class="quiet">(${finding.on}: the ${finding.evidence.length} numbers)</span>`,
    html`<p>By energy:</p>${lines(finding.evidence)}<p>By time:</p>${lines(finding.byTime.evidence)}`,
  );
}
