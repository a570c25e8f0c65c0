// The figures, each with its words.
import { groupName } from '../../analysis/names.js';
import type { Group } from '../../analysis/types.js';
import { runsIn } from '../../journal/read.js';
import type { RunRecord } from '../../types/journal.js';
import { distributionChart } from '../charts/distributions.js';
import { commonFigure, energyTimeCharts } from '../charts/energy-time.js';
import { perInferenceChart } from '../charts/per-inference.js';
import { splitChart } from '../charts/split.js';
import { timelineChart } from '../charts/timeline.js';
import type { Context } from '../context.js';
import { type Html, html } from '../html.js';
import { SERIES, type Series, seriesOf } from '../palette.js';
import { details, figure, type Panel, section, seriesLegend, swatchLegend } from '../parts.js';
import type { Drawing } from '../svg.js';
import { correlationTables } from './correlations.js';

const SCOPES = { total: 'board and processor', gpu: 'the board alone', cpu: 'the processor alone' };

function panelsOf(groups: readonly Group[], chart: (group: Group) => Drawing | null): Panel[] {
  return groups.flatMap((group) => {
    const drawing = chart(group);
    return drawing ? [{ title: groupName(group.model, group.batch), drawing }] : [];
  });
}

const legendOf = ({ analysis }: Context): Html => {
  const used = new Set<Series>(analysis.cells.filter(({ n }) => n > 0).map(seriesOf));
  return seriesLegend(SERIES.filter((series) => used.has(series)));
};

export async function perInference(context: Context): Promise<Html> {
  const { groups } = context.analysis;
  const panels = panelsOf(groups, (group) => perInferenceChart(context.analysis, group));
  const scopes = [
    ...new Set(groups.flatMap(({ energy }) => (energy?.sensors ? [SCOPES[energy.sensors]] : []))),
  ];
  const energy = `Energy of ${scopes.join(', or ')}. Filled: what cells are compared by, above idle where every cell has an idle level. Hollow: idle included. `;
  const time = groups.some((group) => !group.energy && group.time)
    ? 'Where energy was not measured, time is shown. '
    : '';
  return section(
    'per-inference',
    scopes.length > 0 ? 'Energy per inference' : 'Time per inference',
    panels.length === 0
      ? html`<p class="note">No group has cells to show.</p>`
      : await figure(context, {
          id: 'fig-per-inference',
          panels,
          legend: legendOf(context),
          caption: `${scopes.length > 0 ? energy : ''}${time}Bars are 95 % intervals, often narrower than the symbol. Least first; each panel has its own scale, from 0.`,
        }),
  );
}

export async function energyTime(context: Context): Promise<Html> {
  const figureOf = commonFigure(context.analysis);
  const panels = energyTimeCharts(context.analysis);
  return section(
    'energy-time',
    'Energy against time',
    panels.length === 0 || !figureOf
      ? html`<p class="note">Energy was not measured.</p>`
      : await figure(context, {
          id: 'fig-energy-time',
          panels,
          legend: legendOf(context),
          caption: `Energy (${SCOPES[figureOf.sensors]}, ${figureOf.basis === 'net' ? 'above idle' : 'idle included'}) against time, one point a cell. Hollow: batch 1; filled: larger batches. Both axes are logarithmic.`,
        }),
    panels.length > 0 ? correlationTables(context) : null,
  );
}

export async function distributions(context: Context): Promise<Html> {
  const panels = panelsOf(context.analysis.groups, (group) => distributionChart(context.analysis, group));
  const excluded = context.analysis.excluded.some(({ why }) => why !== 'duplicate');
  return section(
    'distributions',
    'Distributions',
    panels.length === 0
      ? html`<p class="note">No cell has two runs.</p>`
      : await figure(context, {
          id: 'fig-distributions',
          panels,
          legend: legendOf(context),
          caption: `Every run against the mean of its cell, by what the group is compared by. The band spans the quartiles; s is the standard deviation between runs.${excluded ? ' ✕: excluded.' : ''}`,
        }),
  );
}

export async function split(context: Context): Promise<Html> {
  const { groups, cells } = context.analysis;
  const basis = cells.some(({ perInference: { gpu, cpu } }) => 'value' in gpu.net && 'value' in cpu.net)
    ? 'net'
    : 'gross';
  const panels = panelsOf(groups, (group) => splitChart(context.analysis, group, basis));
  const reason = cells.map(({ energy }) => energy.cpu.gross).find((reading) => 'notMeasured' in reading);
  return section(
    'split',
    'Board and processor',
    panels.length === 0
      ? html`<p class="note">No cell has both: ${reason && 'notMeasured' in reason ? reason.notMeasured.replace(/\.$/, '') : 'no cell ran on a GPU'}.</p>`
      : await figure(context, {
          id: 'fig-split',
          panels,
          legend: swatchLegend([
            { name: 'gpu', label: 'board' },
            { name: 'cpu', label: 'processor' },
          ]),
          caption: `Energy an inference, ${basis === 'net' ? 'above idle' : 'idle included'}, by sensor. What neither counts (fans, disks, losses of the power supply) is not in it.`,
        }),
  );
}

/** Of the chosen run; else of the first run of each cell that has a timeline. */
export async function timelines(context: Context, chosen?: string): Promise<Html> {
  const runs = firstRuns(runsIn(context.journal), chosen);
  const groups = context.analysis.groups.flatMap(({ model, batch }) => {
    const panels = context.analysis.cells.flatMap((cell): Panel[] => {
      if (cell.null || cell.model !== model || cell.batch !== batch) return [];
      const run = runs.find((one) => one.cell === cell.id);
      const drawing = run && timelineChart(run, cell.label);
      return drawing ? [{ title: cell.label, drawing }] : [];
    });
    return panels.length > 0 ? [{ model, batch, panels }] : [];
  });
  const figures: Html[] = [];
  for (const [i, { model, batch, panels }] of groups.entries()) {
    const drawn = await figure(context, {
      id: `fig-timeline-${i + 1}`,
      panels,
      legend: swatchLegend([
        { name: 'gpu', label: 'board' },
        { name: 'cpu', label: 'processor (dashed)' },
      ]),
      caption: `Power over one run of each cell, ${groupName(model, batch)}, from the first idle phase on. Shaded: the steady state that is measured; dotted: where a phase begins.`,
    });
    figures.push(details(groupName(model, batch), drawn, i === 0));
  }
  return section(
    'timelines',
    'Power over a run',
    figures.length > 0 ? figures : html`<p class="note">The journal holds no timelines.</p>`,
  );
}

function firstRuns(runs: readonly RunRecord[], chosen?: string): RunRecord[] {
  const usable = runs.filter(({ status, timeline }) => status === 'ok' && timeline && timeline.length > 0);
  const picked = usable.filter(({ id }) => id === chosen);
  if (picked.length > 0) return picked;
  const first = new Map<string, RunRecord>();
  for (const run of usable) if (!first.has(run.cell)) first.set(run.cell, run);
  return [...first.values()];
}
