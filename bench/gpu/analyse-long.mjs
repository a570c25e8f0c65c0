// From the trace of long.mjs to tables: node bench/gpu/analyse-long.mjs TRACE OUT_FOLDER
// Long windows against the ring's integral, and against updates of the counter that the estimate was not given.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mean, median } from '../lib/statistics.mjs';
import { plot } from '../lib/svg.mjs';
import { estimates, table } from './lib/estimates.mjs';
import { readCsv } from './lib/trace.mjs';

const RING_LAG_NS = 16e6; // centroid of a sample: 14 to 20 ms late
const [trace, out] = process.argv.slice(2);
mkdirSync(out, { recursive: true });
const edges = readCsv(join(trace, 'edges.csv'));
const ring = readCsv(join(trace, 'ring.csv'));
const windows = estimates(trace);
const fixed = (x, digits = 2) => (Number.isFinite(x) ? x.toFixed(digits) : '');
const seconds = ({ a_ns, b_ns }) => Number(b_ns - a_ns) / 1e9;

// Trapezoids between the samples, which stand for a time a little before their stamps.
function ringIntegral(a, b) {
  const origin = Number(a);
  const to = Number(b) - origin;
  const at = ring.map(({ t_ns }) => Number(t_ns) - origin - RING_LAG_NS);
  let joules = 0;
  for (let i = 1; i < ring.length; i++) {
    const [t0, t1] = [at[i - 1], at[i]];
    const [from, until] = [Math.max(0, t0), Math.min(to, t1)];
    if (until <= from) continue;
    const power = (t) => ring[i - 1].w + ((ring[i].w - ring[i - 1].w) * (t - t0)) / (t1 - t0);
    joules += (0.5 * (power(from) + power(until)) * (until - from)) / 1e9;
  }
  return joules;
}

// The gain of the counter over the ring comes from the other windows.
const integrals = windows.map(({ a_ns, b_ns }) => ringIntegral(a_ns, b_ns));
const gainWithout = (skip) => {
  const rest = windows.map((w, i) => [w.window_value, integrals[i]]).filter((_, i) => i !== skip);
  return rest.reduce((s, [counter]) => s + counter, 0) / rest.reduce((s, [, samples]) => s + samples, 0);
};
const againstRing = windows.map((w, i) => {
  const scaled = integrals[i] * gainWithout(i);
  const difference = 100 * (scaled / w.window_value - 1);
  const u = (100 * w.window_uncertainty) / w.window_value;
  return [
    w.kind,
    fixed(seconds(w)),
    w.window_status,
    fixed(w.window_value, 1),
    fixed(u),
    fixed(scaled, 1),
    fixed(difference),
  ];
});

// Windows from one held-back update to another: the counter itself tells their energy.
function heldBack(keepEvery) {
  const kept = edges.filter((_, i) => i % keepEvery === 0);
  const usual = median(edges.map(({ lo_ns, hi_ns }) => Number(hi_ns - lo_ns)));
  const narrow = edges
    .map((edge, i) => ({ ...edge, i }))
    .filter(({ i, lo_ns, hi_ns }) => i % keepEvery !== 0 && Number(hi_ns - lo_ns) <= 1.5 * usual);
  const middle = ({ lo_ns, hi_ns }) => lo_ns + (hi_ns - lo_ns) / 2n;
  const pairs = [];
  for (let i = 3 * keepEvery; i < narrow.length; i += 7) {
    const one = narrow[i];
    const length = 20 * (1 + (i % 10));
    const two = narrow.find(({ i: k }) => k >= one.i + length);
    if (two === undefined || two.i + 3 * keepEvery > edges.length) continue;
    pairs.push({ one, two });
  }
  const asked = pairs.map(({ one, two }) => ({
    kind: 'held',
    runs: 0,
    a_ns: middle(one),
    b_ns: middle(two),
    idle_before_ns: 0n,
    idle_after_ns: 0n,
  }));
  const found = estimates(trace, { edges: kept, windows: asked });
  return found.map((estimate, i) => ({ ...estimate, truth: pairs[i].two.j - pairs[i].one.j }));
}

const heldRows = [2, 5, 10].map((keepEvery) => {
  const list = heldBack(keepEvery).filter((w) => Number.isFinite(w.window_value));
  const relative = list.map((w) => 100 * (w.window_value / w.truth - 1));
  const inside = list.filter((w) => w.window_lo <= w.truth && w.truth <= w.window_hi).length;
  return [
    `1 in ${keepEvery}`,
    list.length,
    fixed(mean(relative), 3),
    fixed(Math.sqrt(mean(relative.map((x) => x * x))), 3),
    fixed(mean(list.map((w) => (100 * w.window_uncertainty) / w.truth)), 3),
    fixed((100 * inside) / list.length, 0),
    list.filter((w) => w.window_status === 'suspect').length,
  ];
});

writeFileSync(
  join(out, 'long.svg'),
  await plot({
    title: 'Long windows: ring’s scaled integral less the estimate',
    x: 'length, s',
    y: '% of the estimate, with its U',
    series: ['steady', 'gusts'].map((name) => ({
      name,
      points: windows
        .map((w, i) => [
          seconds(w),
          100 * ((integrals[i] * gainWithout(i)) / w.window_value - 1),
          (100 * w.window_uncertainty) / w.window_value,
          w.kind,
        ])
        .filter(([, , , kind]) => kind === name),
    })),
  }),
);
const text = [
  table(
    ['load', 'length, s', 'status', '`window`, J', 'U, %', 'ring’s integral, scaled, J', 'difference, %'],
    againstRing,
  ),
  '',
  table(
    [
      'updates given to the estimate',
      'windows of 2 to 20 s between held-back updates',
      'mean error, %',
      'RMSE, %',
      'mean U, %',
      'inside the interval, %',
      'suspect',
    ],
    heldRows,
  ),
  '',
  '![difference over length](long.svg)',
  '',
].join('\n');
writeFileSync(join(out, 'long.md'), text);
process.stdout.write(text);
