// What the analyses share: the estimator run over a recorded trace, the counter's grid, plain readings, tables.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { median } from '../../lib/statistics.mjs';
import { readCsv } from './trace.mjs';

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../../..');
const TOOL = join(root, 'build-test/native/test/trace_estimates');
let built = false;

/** Folders of one way of reading in what bursts.mjs wrote, in the order of time. */
export const blocksOf = (traces, mode) =>
  readdirSync(traces)
    .filter((name) => name.match(/^\d+-(.*)/)?.[1] === mode)
    .sort()
    .map((name) => join(traces, name));

/**
 * Bursts of a trace's folder with the estimator's figures; `edges`: only these, for a thinned timeline; `calibration`:
 * folders of bursts on the same board whose figures are used in place of the built-in ones.
 */
export function estimates(folder, { edges, windows, limitW = 700, calibration = [] } = {}) {
  if (!built) execFileSync('cmake', ['--build', join(root, 'build-test'), '--target', 'trace_estimates']);
  built = true;
  const scratch = mkdtempSync(join(tmpdir(), 'mj-trace-'));
  try {
    const bursts = windows ?? readCsv(join(folder, 'bursts.csv'));
    writeCsv(join(scratch, 'edges.csv'), edges ?? readCsv(join(folder, 'edges.csv')));
    writeCsv(join(scratch, 'ring.csv'), readCsv(join(folder, 'ring.csv')));
    writeCsv(join(scratch, 'bursts.csv'), bursts);
    const text = execFileSync(TOOL, [scratch, String(limitW), ...calibration], {
      maxBuffer: 1 << 28,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    writeFileSync(join(scratch, 'estimates.csv'), text);
    const found = readCsv(join(scratch, 'estimates.csv'));
    return bursts.map((burst, i) => ({ ...burst, ...found[i] }));
  } finally {
    rmSync(scratch, { recursive: true });
  }
}

/** The same from the meter's own figures as the bursts ran, with the calibration that it had. */
export function liveEstimates(folder) {
  const { bursts } = JSON.parse(readFileSync(join(folder, 'summary.json'), 'utf8'));
  return readCsv(join(folder, 'bursts.csv')).map((burst, i) => {
    const { live } = bursts[i];
    const terms = (live.terms ?? []).map(({ name, uncertainty }) => [`caused_${name}`, uncertainty]);
    return {
      ...burst,
      caused_value: live.value,
      caused_uncertainty: live.uncertainty,
      idle_w: live.idle?.value,
      ...Object.fromEntries(terms),
    };
  });
}

function writeCsv(file, rows) {
  const names = Object.keys(rows[0] ?? { none: 0 });
  writeFileSync(file, `${[names, ...rows.map((row) => names.map((n) => row[n]))].join('\n')}\n`);
}

const middle = ({ lo_ns, hi_ns }) => Number(lo_ns + hi_ns) / 2;

/** Least-squares grid through the middles of the edges' brackets, ns. */
export function gridOf(edges) {
  const origin = Number(edges[0].lo_ns);
  const t = edges.map((edge) => middle(edge) - origin);
  const gaps = t.slice(1).map((v, i) => v - t[i]);
  let period = median(gaps);
  let phase = t[0];
  // The index of an edge follows from the fit so far, so that the fit may begin with a rough period.
  for (let round = 0; round < 4; round++) {
    const reach = Math.min(t.length, 20 * 6 ** round);
    const k = t.slice(0, reach).map((v) => Math.round((v - phase) / period));
    const n = k.length;
    const [mk, mt] = [k.reduce((a, b) => a + b, 0) / n, t.slice(0, reach).reduce((a, b) => a + b, 0) / n];
    const sxy = k.reduce((a, v, i) => a + (v - mk) * (t[i] - mt), 0);
    period = sxy / k.reduce((a, v) => a + (v - mk) ** 2, 0);
    phase = mt - period * mk;
  }
  const index = (v) => Math.round((v - phase) / period);
  // How far each bracket lies from its point of the grid, ns; 0: it admits it.
  const misses = edges.map(({ lo_ns, hi_ns }, i) => {
    const at = origin + phase + period * index(t[i]);
    return Math.max(0, Number(lo_ns) - at, at - Number(hi_ns));
  });
  const phaseOf = (ns) => {
    const x = (Number(ns) - origin - phase) / period;
    return x - Math.floor(x);
  };
  return { period, misses, phaseOf, indexOf: (edge) => index(middle(edge) - origin) };
}

/** What a program gets that reads the counter at a and at b, J. */
export function plainDifference(edges, a, b) {
  const read = (at) => {
    let joules = edges[0].j;
    for (const edge of edges) {
      if (middle(edge) > Number(at)) break;
      joules = edge.j;
    }
    return joules;
  };
  return read(b) - read(a);
}

/**
 * Mean powers between neighbouring points of the grid that lie wholly in quiet time, less the median of those around them,
 * W, with the wider of the two brackets, ns.
 */
export function idlePowers(edges, grid, bursts, decayNs = 65_000_000n) {
  const quiet = ({ lo_ns }, { hi_ns }) =>
    bursts.every(({ a_ns, b_ns, runs }) => runs === 0 || hi_ns < a_ns || lo_ns > b_ns + decayNs);
  const found = [];
  for (let i = 1; i < edges.length; i++) {
    const [one, two] = [edges[i - 1], edges[i]];
    if (!quiet(one, two)) continue;
    const bracket = Math.max(Number(one.hi_ns - one.lo_ns), Number(two.hi_ns - two.lo_ns));
    const periods = grid.indexOf(two) - grid.indexOf(one);
    found.push({ index: i, watts: ((two.j - one.j) / (periods * grid.period)) * 1e9, bracket });
  }
  return found.map(({ watts, ...rest }, i) => {
    const around = found.slice(Math.max(0, i - 5), i + 6).map((one) => one.watts);
    return { ...rest, watts, excess: watts - median(around) };
  });
}

export const table = (head, rows) =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
