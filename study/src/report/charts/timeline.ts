// Power over one run, with its phases.

import { significant } from '../../analysis/words.js';
import type { RunRecord } from '../../types/journal.js';
import { colour } from '../palette.js';
import { type Drawing, WIDTH } from '../svg.js';

const MOST_POINTS = 160;
const HEIGHT = 110;

/** Phases that are told apart in the figure. */
const SHADED = { 'warm-up': 'warm-up', steady: 'steady', 'engine-build': 'build', load: 'load' } as const;

export function timelineChart(run: RunRecord, name: string): Drawing | null {
  const series = (run.timeline ?? []).filter(({ seconds }) => seconds.length > 1);
  const [first] = run.phases;
  if (series.length === 0 || !first) return null;
  const origin = BigInt(first.startNs);
  const secondsOf = (ns: string) => Number(BigInt(ns) - origin) / 1e9;
  const bands = run.phases.flatMap(({ name: phase, startNs, endNs }) => {
    const label = SHADED[phase as keyof typeof SHADED];
    return label ? [{ label, phase, from: secondsOf(startNs), to: secondsOf(endNs) }] : [];
  });
  const points = series.flatMap(({ id, seconds, watts }) =>
    thinned(seconds, watts).map((point) => ({ ...point, id })),
  );
  const peaks = series.map(({ id, watts }) => `${id} up to ${significant(Math.max(...watts))} W`);
  const ids = series.map(({ id }) => id);
  const range = ids.map((id) => colour(id.startsWith('board') ? 'gpu' : 'cpu'));
  const x = {
    field: 's',
    type: 'quantitative',
    axis: { title: 'Seconds', grid: false, tickCount: 6 },
    scale: { nice: false },
  };
  const y = {
    field: 'W',
    type: 'quantitative',
    axis: { title: 'W', grid: true, tickCount: 4 },
    scale: { zero: true },
  };
  return {
    spec: {
      width: WIDTH - 52,
      height: HEIGHT,
      layer: [
        {
          data: { values: bands.filter(({ phase }) => phase === 'steady') },
          mark: { type: 'rect', color: colour('band') },
          encoding: { x: { ...x, field: 'from' }, x2: { field: 'to' } },
        },
        {
          data: { values: bands },
          mark: { type: 'rule', color: colour('muted'), strokeDash: [2, 3] },
          encoding: { x: { ...x, field: 'from' } },
        },
        {
          data: { values: bands.filter(({ phase }) => phase === 'steady' || phase === 'engine-build') },
          mark: { type: 'text', align: 'left', dx: 3, fontSize: 10, color: colour('muted') },
          encoding: { x: { ...x, field: 'from' }, y: { value: HEIGHT - 7 }, text: { field: 'label' } },
        },
        {
          data: { values: points },
          mark: { type: 'line', strokeWidth: 1.4, interpolate: 'linear' },
          encoding: {
            x,
            y,
            color: { field: 'id', type: 'nominal', scale: { domain: ids, range }, legend: null },
            strokeDash: {
              field: 'id',
              type: 'nominal',
              scale: { domain: ids, range: ids.map((id) => (id.startsWith('board') ? [1, 0] : [4, 2])) },
              legend: null,
            },
          },
        },
      ],
    } as never,
    alternative: `Power over run ${run.id} (${name}): ${peaks.join(', ')}; steady state of ${significant(run.steady?.seconds ?? 0)} s.`,
  };
}

/** Means of neighbours, so that no energy is lost to the eye. */
function thinned(seconds: readonly number[], watts: readonly number[]): { s: number; W: number }[] {
  const each = Math.ceil(seconds.length / MOST_POINTS);
  const points: { s: number; W: number }[] = [];
  for (let i = 0; i < seconds.length; i += each) {
    const part = watts.slice(i, i + each);
    const W = part.reduce((sum, value) => sum + value, 0) / part.length;
    points.push({ s: seconds[Math.min(i + Math.floor(each / 2), seconds.length - 1)] as number, W });
  }
  return points;
}
