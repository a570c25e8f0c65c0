import type { Context } from '../context.js';
import { type Html, html } from '../html.js';
import { duration } from '../numbers.js';

export function header({ analysis }: Context): Html {
  const { study, machines, cells, plannedRuns, runs, failures, from, to, complete, notes } = analysis;
  const ranked = cells.filter((cell) => cell.ranked).length;
  const machine = machines.map(({ cpu, gpus }) => [...new Set(gpus.map(({ name }) => name)), cpu].join(', '));
  const span = from && to ? (Date.parse(to) - Date.parse(from)) / 1000 : null;
  const facts: [string, string][] = [
    ['Machine', [...new Set(machine)].join('; ')],
    [
      'Made',
      from ? `${from.slice(0, 16).replace('T', ' ')} UTC${span ? `, in ${duration(span)}` : ''}` : 'not yet',
    ],
    [
      'Runs',
      `${runs.length} of ${plannedRuns} ended well${failures.length > 0 ? `, ${failures.length} did not` : ''}`,
    ],
    ['Cells', `${cells.length}, of which ${ranked} are ranked`],
  ];
  return html`<header>
${
  analysis.simulated
    ? html`<p class="banner" role="note"><strong>SIMULATED</strong> – the energy counters of this study are a labelled fake. No number on this page was measured.</p>`
    : null
}
<h1>${analysis.simulated ? 'SIMULATED: ' : ''}${study}</h1>
<p class="lead">Energy of neural-network inference by runtime, with the uncertainty of every number.</p>
<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
${complete ? null : html`<p class="note">The study is not complete: ${plannedRuns - runs.length - failures.length} runs have not been made.</p>`}
${notes.map((note) => html`<p class="note">${note}</p>`)}
</header>
`;
}
