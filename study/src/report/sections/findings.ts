import type { Answer, Finding, FindingEvidence } from '../../analysis/types.js';
import type { Context } from '../context.js';
import { type Html, html } from '../html.js';
import { details, section } from '../parts.js';

const CLASSES: Record<Answer, string> = { holds: 'yes', 'does not hold': 'no', 'cannot be told': 'open' };
const BEARINGS: Record<FindingEvidence['bearing'], string> = {
  supports: 'as claimed',
  contradicts: 'otherwise',
  open: 'open',
  aside: 'beside it',
};

export function findings({ analysis, simulated }: Context): Html {
  return section(
    'findings',
    'The findings of 2024, tested',
    html`<p>${simulated}Alizadeh and Castor, “Green AI: A Preliminary Empirical Study on Energy Consumption in DL Models Across Different Runtime Infrastructures”, CAIN 2024 (arXiv 2402.13640). Each finding of its abstract against these data. A comparison counts only where its interval, its corrected test and the null floor allow it; whatever is open stays open.</p>`,
    html`<div class="cards">${analysis.findings.map(card)}</div>`,
  );
}

function card({ claim, on, answer, summary, evidence, byTime }: Finding): Html {
  return html`<div class="card">
<h3>${claim} <span class="quiet">On the ${on}.</span></h3>
${answerLines('energy', answer, summary)}
${answerLines('time', byTime.answer, byTime.summary)}
${
  evidence.length > 0 &&
  details(
    'All comparisons',
    html`<h4>By energy</h4>${lines(evidence)}<h4>By time</h4>${lines(byTime.evidence)}`,
  )
}
</div>`;
}

const answerLines = (by: string, answer: Answer, summary: string): Html =>
  html`<p>By ${by}: <span class="chip ${CLASSES[answer]}">${answer}</span><br>${summary}</p>`;

const lines = (evidence: readonly FindingEvidence[]): Html =>
  html`<ul class="evidence">${evidence.map(
    ({ bearing, text }) => html`<li><span class="bearing">${BEARINGS[bearing]}</span> ${text}</li>`,
  )}</ul>`;
