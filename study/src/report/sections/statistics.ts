import { groupName } from '../../analysis/names.js';
import type { Comparison, Group, GroupTests } from '../../analysis/types.js';
import { percent, probability, significant } from '../../analysis/words.js';
import { type Context, labelOf } from '../context.js';
import { type Html, html } from '../html.js';
import { details, numeric, section, table } from '../parts.js';

const METRICS = { net: 'energy above idle', gross: 'energy, idle included', time: 'time' };

const ON_MACHINES =
  ' Runs spread over machines are compared in pairs of one repetition on one machine: the t test of the logarithms of their ratios where Shapiro-Wilk speaks not against them, else Wilcoxon’s signed ranks. Kruskal-Wallis and Dunn know no pairs.';

export function statistics(context: Context): Html {
  const all = context.analysis.groups.flatMap(({ energy, time }) => [
    ...(energy?.comparisons ?? []),
    ...(time?.comparisons ?? []),
  ]);
  const paired = all.some(({ ratio }) => ratio.pairs !== undefined);
  return section(
    'statistics',
    'Statistics',
    html`<p>Within each model and batch size: Kruskal-Wallis over all cells, Dunn's test of all pairs with Holm's correction after it, and of each pair Welch's test where Shapiro-Wilk speaks against neither sample (p ≥ 0.05), else Mann-Whitney's, with Holm's correction over the group. Dunn's test compares mean ranks among all cells, so that it tells neighbours apart only with many runs; verdicts rest on the pair's own test.${paired ? ON_MACHINES : ''}</p>`,
    context.analysis.groups.flatMap((group, i) => [
      group.energy ? groupDetails(context, group, group.energy, `e${i}`) : null,
      group.time ? groupDetails(context, group, group.time, `t${i}`) : null,
    ]),
  );
}

function groupDetails(context: Context, { model, batch }: Group, tests: GroupTests, id: string): Html {
  const { metric, kruskalWallis: whole, floor, tooFew, comparisons } = tests;
  const name = `${groupName(model, batch)}: ${METRICS[metric]}`;
  const overall = whole
    ? `Kruskal-Wallis: H = ${significant(whole.h)}, ${whole.degrees} degrees of freedom, p ${equal(whole.p)}.`
    : 'Kruskal-Wallis does not apply: it needs two cells that vary.';
  const null_ = floor
    ? `Null floor: ${percent(floor.relative)} (${floor.pair}${floor.from === 'study' ? '; the largest of the study, for this group has no null run' : ''}).`
    : 'No null run was made: the floor is not known.';
  return details(
    name,
    html`<p>${overall} ${null_}</p>${tooFew.map((text) => html`<p class="note">${text}</p>`)}
${pairTable(context, comparisons, tests, name, id)}${normality(context, tests, name, id)}`,
  );
}

const equal = (p: number): string => (p < 0.001 ? '< 0.001' : `= ${probability(p)}`);

function pairTable(
  context: Context,
  comparisons: readonly Comparison[],
  { dunn }: GroupTests,
  name: string,
  id: string,
): Html {
  const rows = comparisons.map((one) => {
    const { a, b, ratio, test, verdict } = one;
    const pair = dunn.find((other) => (other.a === a && other.b === b) || (other.a === b && other.b === a));
    const effect = test?.effect;
    const interval =
      ratio.lo === null || ratio.hi === null ? '' : ` (${ratio.lo.toFixed(3)} to ${ratio.hi.toFixed(3)})`;
    return html`<tr><th scope="row">${labelOf(context, a)} / ${labelOf(context, b)}</th>
<td class="number">${ratio.ratio.toFixed(3)}${interval}</td><td>${test?.test ?? '–'}</td>
<td class="number">${test ? probability(test.corrected) : '–'}</td>
<td class="number">${effect ? `${effect.name} ${significant(effect.value)} (${significant(effect.lo)} to ${significant(effect.hi)})` : '–'}</td>
<td class="number">${pair ? probability(pair.corrected) : '–'}</td>
<td>${verdict === 'less' ? 'difference' : verdict === 'same' ? 'within the floor' : `open: ${one.because ?? ''}`}</td></tr>`;
  });
  return table(context, {
    id: `pairs-${id}`,
    caption: `All pairs, ${name}. p after Holm's correction; ratios and effect sizes with 95 % intervals.`,
    head: [
      'Pair',
      numeric('Ratio'),
      'Test',
      ...['p', 'Effect size', 'Dunn p'].map((title) => numeric(title)),
      'Verdict',
    ],
    rows,
  });
}

function normality(context: Context, { metric, cells }: GroupTests, name: string, id: string): Html {
  const rows = context.analysis.normality
    .filter((row) => row.metric === metric && cells.includes(row.cell))
    .map(
      ({
        cell,
        n,
        result,
        normal,
      }) => html`<tr><th scope="row">${labelOf(context, cell)}</th><td class="number">${n}</td>
<td class="number">${result ? result.w.toFixed(4) : '–'}</td><td class="number">${result ? probability(result.p) : '–'}</td>
<td>${result ? (normal ? 'nothing against normal' : 'not normal') : 'too few runs, or all alike'}</td></tr>`,
    );
  return table(context, {
    id: `normality-${id}`,
    caption: `Shapiro-Wilk, ${name}.`,
    head: ['Cell', ...['n', 'W', 'p'].map((title) => numeric(title)), 'Reading'],
    rows,
  });
}
