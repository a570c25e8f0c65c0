import type { Analysis } from '../analysis/types.js';
import type { JournalRecord } from '../types/journal.js';
import { type Context, contextOf } from './context.js';
import { Html, html } from './html.js';
import { breakEven } from './sections/break-even.js';
import { checks } from './sections/checks.js';
import { downloads } from './sections/downloads.js';
import { distributions, energyTime, perInference, split, timelines } from './sections/figures.js';
import { findings } from './sections/findings.js';
import { header } from './sections/header.js';
import { mainTable } from './sections/main-table.js';
import { methods } from './sections/methods.js';
import { compat2024, grossAndNet } from './sections/readings.js';
import { statistics } from './sections/statistics.js';
import { verdicts } from './sections/verdicts.js';
import { STYLE } from './style.js';

export interface ReportOptions {
  /** Id of the run whose power is shown; default: the first of each cell that has a timeline. */
  timelineOf?: string;
}

export async function page(
  analysis: Analysis,
  journal: readonly JournalRecord[],
  { timelineOf }: ReportOptions,
): Promise<string> {
  const context = contextOf(analysis, journal);
  const sections: [id: string, name: string, content: Html | null][] = [
    ['verdicts', 'Verdicts', verdicts(context)],
    ['findings', 'Findings', findings(context)],
    ['per-inference', 'Energy', await perInference(context)],
    ['table', 'Table', mainTable(context)],
    ['energy-time', 'Time', await energyTime(context)],
    ['gross-net', 'Gross, net', grossAndNet(context)],
    ['split', 'GPU and CPU', await split(context)],
    ['break-even', 'Break-even', await breakEven(context)],
    ['distributions', 'Distributions', await distributions(context)],
    ['timelines', 'Timelines', await timelines(context, timelineOf)],
    ['compat-2024', '2024 method', compat2024(context)],
    ['statistics', 'Statistics', statistics(context)],
    ['checks', 'Checks', checks(context)],
    ['methods', 'Methods', methods(context)],
    ['downloads', 'Downloads', downloads(context)],
  ];
  const shown = sections.filter(([, , content]) => content !== null);
  return documentOf(context, shown).text;
}

function documentOf(context: Context, sections: readonly [string, string, Html | null][]): Html {
  const { analysis } = context;
  const title = `${analysis.simulated ? 'SIMULATED: ' : ''}${analysis.study} – energy of inference`;
  return html`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="microjoule-study">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<a class="skip" href="#verdicts">To the results</a>
${header(context)}
<nav aria-label="Sections"><ul>${context.simulated && html`<li>${context.simulated}</li>`}${sections.map(([id, name]) => html`<li><a href="#${id}">${name}</a></li>`)}</ul></nav>
<main>
${sections.map(([, , content]) => content)}
</main>
<footer><p>Made by microjoule-study ${analysis.versions['microjoule-study'] ?? ''} from the journal alone. The page holds its data and needs no network.</p></footer>
</body>
</html>
`;
}
