// From the traces of bursts.mjs to tables and plots: node bench/gpu/analyse-bursts.mjs TRACES OUT_FOLDER
//   [--calibration TRACES of the same board, for its own figures by way of reading]
// Settles how the counter depends on the phase of a burst, what slow reads displace, and whether reading disturbs.
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  chiSquareTail,
  correlation,
  deviation,
  diagonal,
  leastSquares,
  mean,
  median,
  quantile,
  standardError,
} from '../lib/statistics.mjs';
import { plot } from '../lib/svg.mjs';
import { blocksOf, estimates, gridOf, idlePowers, plainDifference, table } from './lib/estimates.mjs';
import { readCsv } from './lib/trace.mjs';

const {
  positionals: [traces, out],
  values: { calibration },
} = parseArgs({ allowPositionals: true, options: { calibration: { type: 'string' } } });
mkdirSync(out, { recursive: true });
const blocks = readdirSync(traces)
  .filter((name) => /^\d+-/.test(name))
  .sort()
  .map(readBlock);
const modes = [...new Set(blocks.map(({ mode }) => mode))];
const kinds = [...new Set(blocks.flatMap(({ bursts }) => bursts.map(({ kind }) => kind)))].sort(
  (a, b) => a - b,
);
const of = (mode) => blocks.filter((block) => block.mode === mode);
const burstsOf = (mode, kind) => of(mode).flatMap(({ bursts }) => bursts.filter((b) => b.kind === kind));
const fixed = (x, digits = 2) => (Number.isFinite(x) ? x.toFixed(digits) : '');

function readBlock(name) {
  const folder = join(traces, name);
  const edges = readCsv(join(folder, 'edges.csv'));
  const grid = gridOf(edges);
  // The first and the last have a neighbour on one side only.
  const mode = name.replace(/^\d+-/, '');
  const bursts = estimates(folder, { calibration: calibration ? blocksOf(calibration, mode) : [] })
    .slice(1, -1)
    .map((burst) => ({
      ...burst,
      ms: Number(burst.b_ns - burst.a_ns) / 1e6,
      phase: grid.phaseOf(burst.a_ns),
      plain: plainDifference(edges, burst.a_ns, burst.b_ns),
    }));
  const idle = idlePowers(edges, grid, readCsv(join(folder, 'bursts.csv')));
  return { name, mode, edges, grid, bursts, idle };
}

// --- the counter itself

function counterRows() {
  return blocks.map(({ name, edges, grid, idle }) => {
    const widths = edges.map(({ lo_ns, hi_ns }) => Number(hi_ns - lo_ns) / 1e6);
    const usual = median(widths);
    const wide = ({ bracket }) => bracket > 1.5 * usual * 1e6;
    const next = new Map(idle.map((one) => [one.index, one.excess]));
    const pairs = idle.filter(({ index }) => next.has(index + 1));
    return [
      name,
      edges.length,
      fixed(grid.period / 1e6, 4),
      grid.misses.filter((miss) => miss > 0).length,
      fixed(Math.max(...grid.misses) / 1e6),
      `${fixed(usual, 1)} / ${fixed(quantile(widths, 0.99), 1)}`,
      fixed((100 * widths.filter((w) => w > 1.5 * usual).length) / widths.length, 1),
      idle.length > 0 ? fixed(median(idle.map(({ watts }) => watts)), 1) : '',
      scatter(idle.filter((one) => !wide(one))),
      scatter(idle.filter(wide)),
      pairs.length < 10
        ? ''
        : fixed(
            correlation(
              pairs.map(({ excess }) => excess),
              pairs.map(({ index }) => next.get(index + 1)),
            ),
          ),
    ];
  });
}

// Of the middle nine tenths too: changes of the idle state make outliers.
function scatter(idle) {
  if (idle.length < 3) return '';
  const excess = idle.map((one) => one.excess);
  const half = (quantile(excess, 0.95) - quantile(excess, 0.05)) / 2;
  return `${idle.length}: ${fixed(deviation(excess), 1)} (${fixed(half, 1)})`;
}

// --- bursts

function burstRows() {
  return modes.flatMap((mode) =>
    kinds.map((kind) => {
      const bursts = burstsOf(mode, kind);
      const values = bursts.map((b) => b.caused_value);
      const centre = mean(values);
      const covered = bursts.filter((b) => b.caused_lo <= centre && centre <= b.caused_hi).length;
      return [
        mode,
        kind === 0 ? 'no work' : `${kind} ms`,
        bursts.length,
        fixed(mean(bursts.map((b) => b.ms))),
        `${fixed(centre)} ± ${fixed(1.96 * standardError(values))}`,
        fixed(deviation(values)),
        fixed(mean(bursts.map((b) => b.caused_uncertainty))),
        fixed((100 * covered) / bursts.length, 0),
        `${fixed(mean(bursts.map((b) => b.plain - (b.idle_w * b.ms) / 1e3)))} (${fixed(deviation(bursts.map((b) => b.plain - (b.idle_w * b.ms) / 1e3)))})`,
      ];
    }),
  );
}

// E = m (1 + a cos + b sin) of the phase in which the burst began, one and two waves a period.
function harmonics(bursts) {
  const y = bursts.map((b) => b.caused_value);
  const design = bursts.map(({ phase }) => {
    const angle = 2 * Math.PI * phase;
    return [1, Math.cos(angle), Math.sin(angle), Math.cos(2 * angle), Math.sin(2 * angle)];
  });
  const flat = leastSquares(
    design.map(() => [1]),
    y,
    diagonal(y.map(() => 1)),
  );
  const fit = leastSquares(design, y, diagonal(y.map(() => 1)));
  const variance = fit.chiSquare / fit.freedom;
  const [m, c, s, c2, s2] = fit.parameters;
  return {
    mean: m,
    first: Math.hypot(c, s) / m,
    second: Math.hypot(c2, s2) / m,
    error: Math.sqrt((variance * (fit.covariance[1][1] + fit.covariance[2][2])) / 2) / m,
    residual: Math.sqrt(variance) / m,
    p: chiSquareTail((flat.chiSquare - fit.chiSquare) / variance, 4),
    peak: (Math.atan2(s, c) / (2 * Math.PI) + 1) % 1,
  };
}

function phaseRows() {
  return modes.flatMap((mode) =>
    kinds
      .filter((kind) => kind > 0)
      .map((kind) => {
        const h = harmonics(burstsOf(mode, kind));
        return [
          mode,
          `${kind} ms`,
          `${fixed(100 * h.first, 1)} ± ${fixed(196 * h.error, 1)}`,
          fixed(h.peak),
          fixed(100 * h.second, 1),
          h.p < 1e-4 ? '< 0.0001' : fixed(h.p, 4),
          fixed(100 * h.residual, 1),
        ];
      }),
  );
}

function disturbanceRows() {
  if (modes.length < 2) return [];
  const [one, two] = modes;
  return kinds.map((kind) => {
    const [a, b] = [one, two].map((mode) => burstsOf(mode, kind).map((burst) => burst.caused_value));
    const difference = mean(a) - mean(b);
    const u = 1.96 * Math.hypot(standardError(a), standardError(b));
    const percent =
      kind === 0 ? '' : `${fixed((100 * difference) / mean(b), 1)} ± ${fixed((100 * u) / mean(b), 1)}`;
    return [kind === 0 ? 'no work' : `${kind} ms`, `${fixed(difference)} ± ${fixed(u)}`, percent];
  });
}

const lines = [
  '## The counter',
  '',
  table(
    [
      'block',
      'updates',
      'period, ms',
      'brackets off the grid',
      'by at most, ms',
      'bracket, ms: p50 / p99',
      'wide brackets, %',
      'idle, W',
      'its scatter, W, between narrow brackets: n: sd (half of 90 %)',
      'beside wide ones',
      'correlation of neighbours',
    ],
    counterRows(),
  ),
  '',
  '## Bursts, energy caused',
  '',
  table(
    [
      'reading',
      'burst',
      'n',
      'length, ms',
      'J: mean ± 95 %',
      'sd, J',
      'mean U, J',
      'intervals that hold the mean, %',
      'plain difference, J: mean (sd)',
    ],
    burstRows(),
  ),
  '',
  '## Dependence on the phase of the start',
  '',
  table(
    [
      'reading',
      'burst',
      'amplitude, %',
      'largest at phase',
      'second harmonic, %',
      'p of none',
      'rest, sd, %',
    ],
    phaseRows(),
  ),
  '',
];
const disturbed = disturbanceRows();
if (disturbed.length > 0) {
  lines.push(`## ${modes[0]} less ${modes[1]}`, '', table(['burst', 'J ± 95 %', '%'], disturbed), '');
}
for (const kind of kinds.filter((k) => k > 0)) {
  const file = `phase-${kind}ms.svg`;
  const series = modes.map((name) => ({
    name,
    points: burstsOf(name, kind).map((b) => [b.phase, b.caused_value]),
  }));
  writeFileSync(
    join(out, file),
    await plot({
      title: `Bursts of ${kind} ms`,
      x: 'phase of the start within the counter’s period',
      y: 'energy caused, J',
      series,
    }),
  );
  lines.push(`![energy over phase, ${kind} ms](${file})`, '');
}
writeFileSync(join(out, 'bursts.md'), lines.join('\n'));
process.stdout.write(lines.join('\n'));
