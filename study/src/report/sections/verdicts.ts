// What the data allow to be said, a sentence each.
import { groupName } from '../../analysis/names.js';
import type { Comparison, Group } from '../../analysis/types.js';
import type { Context } from '../context.js';
import { type Html, html } from '../html.js';
import { section } from '../parts.js';

const WORDS = { less: 'difference', same: 'no difference', open: 'cannot be told' };

export function verdicts(context: Context): Html {
  const { groups } = context.analysis;
  const cards = groups.flatMap((group) => {
    const tests = group.energy ?? group.time;
    if (!tests) return [];
    const items = notable(context, tests.comparisons).map(
      ({ verdict, sentence }) =>
        html`<li class="${verdict}"><span class="chip">${WORDS[verdict]}</span> ${sentence}</li>`,
    );
    return [html`<div class="card"><h3>${groupName(group.model, group.batch)}</h3><ul>${items}</ul></div>`];
  });
  const empty = groups.filter((group) => !group.energy && !group.time);
  return section(
    'verdicts',
    'What can be said',
    html`<p>${context.simulated}For each model and batch size: the best against the next, and TensorRT against CUDA. All pairs are under <a href="#statistics">Statistics</a>.</p>`,
    html`<div class="cards">${cards}</div>`,
    empty.map(
      ({ model, batch }) =>
        html`<p class="note">No two cells can be compared for ${groupName(model, batch)}.</p>`,
    ),
    withoutEnergy(groups),
  );
}

function notable({ cell }: Context, comparisons: readonly Comparison[]): Comparison[] {
  const [best] = comparisons;
  const isPair = ({ a, b }: Comparison) => {
    const [first, second] = [cell(a), cell(b)];
    const providers = [first?.provider, second?.provider];
    return (
      first?.runtime === 'onnxruntime' &&
      second?.runtime === 'onnxruntime' &&
      first.source === second.source &&
      providers.includes('tensorrt') &&
      providers.includes('cuda')
    );
  };
  return [...new Set([...(best ? [best] : []), ...comparisons.filter(isPair)])];
}

function withoutEnergy(groups: readonly Group[]): Html | null {
  const some = groups.filter(({ energy, time }) => !energy && time);
  if (some.length === 0) return null;
  const reasons = some.flatMap(({ time }) => (time ? time.cells : []));
  return html`<p class="note">Energy was not measured for ${reasons.length} cells, which are compared by time; the <a href="#table">main table</a> says why.</p>`;
}
