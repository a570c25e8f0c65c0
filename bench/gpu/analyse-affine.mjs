// From the trace of affine.mjs to a table and plots: node bench/gpu/analyse-affine.mjs TRACE OUT_FOLDER
//   [--calibration TRACES_OF_BURSTS of the same board, for its own figures; or --live, the meter's own as it ran]
// Energy caused against k: intercept and slope by generalised least squares, and whether the intervals bear the scatter.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { chiSquareTail, leastSquares, mean } from '../lib/statistics.mjs';
import { plot } from '../lib/svg.mjs';
import { blocksOf, estimates, liveEstimates, plainDifference, table } from './lib/estimates.mjs';
import { readCsv } from './lib/trace.mjs';

// Terms by their distribution (docs/uncertainty.md), and the factor from standard uncertainty to what the budget says.
const NORMAL = [
  'edge-timing',
  'accumulation',
  'cut-interval',
  'quantum',
  'kernel',
  'samples',
  'idle-level',
  'coverage',
];
const RECTANGULAR = ['idle-drift', 'mark-delay', 'phase'];
const NORMAL_TO_U = 2.06;
// In proportion to the energy itself: taken from the fit, or low readings would weigh more than high ones.
const PROPORTIONAL = ['phase', 'kernel'];
const COMMON = ['mark-delay', 'kernel']; // one error for all bursts; the phases are spread, so theirs are independent
const fixed = (x, digits = 3) => (Number.isFinite(x) ? x.toFixed(digits) : '');

const {
  positionals: [trace, out],
  values: { calibration, live },
} = parseArgs({
  allowPositionals: true,
  options: { calibration: { type: 'string' }, live: { type: 'boolean' } },
});
mkdirSync(out, { recursive: true });
const edges = readCsv(join(trace, 'edges.csv'));
const found = live
  ? liveEstimates(trace)
  : estimates(trace, { calibration: calibration ? blocksOf(calibration, 'continuous') : [] });
const all = found.slice(1, -1);
const clock = usual(all.map(({ sm_mhz_min, sm_mhz_max }) => `${sm_mhz_min}-${sm_mhz_max}`));
const throttle = usual(all.map((burst) => String(burst.throttle)));
const bursts = all.filter(
  (b) =>
    `${b.sm_mhz_min}-${b.sm_mhz_max}` === clock &&
    String(b.throttle) === throttle &&
    Number.isFinite(b.caused_value),
);

function usual(values) {
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1])[0]?.[0];
}

const u = (burst, term, scale) =>
  ((burst[`caused_${term}`] || 0) * scale) / (NORMAL.includes(term) ? NORMAL_TO_U : Math.sqrt(3));

// Independent terms on the diagonal; neighbours share one side's idle, which is half of each one's level; common terms
// are one error.
function covarianceOf(list, fitted) {
  const scale = (i, term) =>
    PROPORTIONAL.includes(term) && list[i].caused_value > 0
      ? Math.max(0, fitted[i]) / list[i].caused_value
      : 1;
  const v = list.map(() => list.map(() => 0));
  for (const term of [...NORMAL, ...RECTANGULAR]) {
    const us = list.map((burst, i) => u(burst, term, scale(i, term)));
    for (let i = 0; i < list.length; i++) {
      for (let j = 0; j < list.length; j++) {
        const neighbours = Math.abs(list[i].order - list[j].order) === 1;
        const shared = i === j || COMMON.includes(term) ? 1 : term.startsWith('idle') && neighbours ? 0.5 : 0;
        v[i][j] += shared * us[i] * us[j];
      }
    }
  }
  return v;
}

function fitLine(list, values, covariance) {
  const design = list.map(({ runs }) => [1, runs]);
  const fit = leastSquares(design, values, covariance);
  return {
    ...fit,
    p: chiSquareTail(fit.chiSquare, fit.freedom),
    fitted: design.map(([, k]) => fit.parameters[0] + fit.parameters[1] * k),
  };
}

for (const burst of bursts) burst.order = all.indexOf(burst);
const caused = bursts.map((b) => b.caused_value);
const plain = bursts.map((b) => {
  const seconds = Number(b.b_ns - b.a_ns) / 1e9;
  return plainDifference(edges, b.a_ns, b.b_ns) - b.idle_w * seconds;
});
let covariance = covarianceOf(bursts, caused);
for (let round = 0; round < 4; round++) {
  covariance = covarianceOf(bursts, fitLine(bursts, caused, covariance).fitted);
}
const line = fitLine(bursts, caused, covariance);
const rows = [
  ['energy caused', line],
  ['plain difference less the same idle', fitLine(bursts, plain, covariance)],
].map(([name, fit]) => [
  name,
  fit.freedom + 2,
  `${fixed(fit.parameters[0])} ± ${fixed(1.96 * Math.sqrt(fit.covariance[0][0]))}`,
  `${fixed(fit.parameters[1], 5)} ± ${fixed(1.96 * Math.sqrt(fit.covariance[1][1]), 5)}`,
  `${fixed(fit.chiSquare, 1)} / ${fit.freedom}`,
  fit.p < 1e-6 ? '< 1e-6' : fixed(fit.p, 4),
  fixed(Math.sqrt(fit.chiSquare / fit.freedom), 2),
]);
const [intercept, slope] = line.parameters;
const bands = [1, 3, 10, 30, 100, 300, 1001];
const byLength = bands.slice(1).flatMap((high, i) => {
  const low = bands[i];
  const inside = bursts.map((b, n) => ({ ...b, n })).filter(({ runs }) => runs >= low && runs < high);
  if (inside.length === 0) return [];
  const relative = (list) => 100 * Math.sqrt(mean(list.map((x) => x * x)));
  return [
    [
      `${low} to ${high - 1}`,
      inside.length,
      fixed(mean(inside.map((b) => b.caused_value))),
      fixed(relative(inside.map((b) => b.caused_value / line.fitted[b.n] - 1)), 1),
      fixed(mean(inside.map((b) => (100 * b.caused_uncertainty) / Math.abs(line.fitted[b.n]))), 1),
      fixed(relative(inside.map((b) => plain[b.n] / line.fitted[b.n] - 1)), 1),
    ],
  ];
});

writeFileSync(
  join(out, 'affine.svg'),
  await plot({
    title: 'Energy caused by k runs in one burst',
    x: 'k',
    y: 'J',
    logX: true,
    logY: true,
    series: [
      {
        name: 'energy caused ± U',
        points: bursts.map((b) => [b.runs, b.caused_value, b.caused_uncertainty]),
      },
      { name: 'plain difference, above zero', points: bursts.map((b, i) => [b.runs, plain[i]]) },
      {
        name: `${fixed(intercept)} J + k ${fixed(slope, 4)} J`,
        line: true,
        points: [1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000].map((k) => [k, intercept + slope * k]),
      },
    ],
  }),
);
const text = [
  `${bursts.length} of ${all.length} bursts at an SM clock of ${clock} MHz, throttle reasons: ${throttle || 'none'}.`,
  '',
  table(['figure', 'n', 'intercept, J', 'slope, J a run', 'chi-square / freedom', 'p', 'Birge ratio'], rows),
  '',
  table(
    [
      'k',
      'n',
      'mean caused, J',
      'scatter about the line, %',
      'mean U, %',
      'plain difference about the line, %',
    ],
    byLength,
  ),
  '',
  '![energy caused against k](affine.svg)',
  '',
].join('\n');
writeFileSync(join(out, 'affine.md'), text);
process.stdout.write(text);
