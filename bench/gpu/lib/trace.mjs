// Raw traces on disk: one folder a meter, one CSV a source, instants in ns of CLOCK_MONOTONIC.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const FILES = {
  'nvml:total-energy': 'edges',
  'nvml:board-energy': 'edges',
  'nvml:power-samples': 'ring',
  'nvml:power-instant': 'instant',
  'nvml:power-average': 'average',
};

/**
 * Writes what the meter read from `from` to `to`, and one row a burst in `bursts.csv`. The quiet time of a burst is all
 * of the gap to its neighbours. Returns the bursts with the meter's own figures.
 */
export async function writeTrace(folder, meter, from, to, bursts) {
  mkdirSync(folder, { recursive: true });
  const { timeline } = await meter.energy(from, to, { idle: false });
  for (const series of timeline.series) {
    const file = FILES[series.source.split(' ')[0]];
    // Of several boards the first one is the one under load.
    if (file && series.id === 'board-0') {
      writeFileSync(join(folder, `${file}.csv`), seriesText(series, timeline.origin, file === 'ring'));
    }
  }
  const rows = [];
  for (const [i, burst] of bursts.entries()) {
    const idleBefore = burst.a - (bursts[i - 1]?.b ?? from);
    const idleAfter = (bursts[i + 1]?.a ?? to) - burst.b;
    rows.push({ ...burst, idleBefore, idleAfter, ...(await figures(meter, burst, idleBefore, idleAfter)) });
  }
  writeFileSync(join(folder, 'bursts.csv'), burstsText(rows));
  return rows.map(({ a, b, idleBefore, idleAfter, ...rest }) => ({
    ms: Number(b - a) / 1e6,
    idleBeforeMs: Number(idleBefore) / 1e6,
    idleAfterMs: Number(idleAfter) / 1e6,
    ...rest,
  }));
}

function seriesText({ unit, tBeforeMs, tAfterMs, value }, origin, stamped) {
  const ns = (ms) => origin + BigInt(Math.round(ms * 1e6));
  const lines = [stamped ? 't_ns,w' : `lo_ns,hi_ns,${unit.toLowerCase()}`];
  for (let i = 0; i < value.length; i++) {
    const at = stamped ? ns(tBeforeMs[i]) : `${ns(tBeforeMs[i])},${ns(tAfterMs[i])}`;
    lines.push(`${at},${Number(value[i].toFixed(6))}`);
  }
  return `${lines.join('\n')}\n`;
}

async function figures(meter, { a, b }, idleBefore, idleAfter) {
  const idle = { beforeMs: Number(idleBefore) / 1e6, afterMs: Number(idleAfter) / 1e6 };
  const { scopes, conditions, idle: levels } = await meter.energy(a, b, { kind: 'caused', idle });
  const board = scopes['board-0'];
  const { temperatureC, smClockMHz, throttleReasons } = conditions.devices[0] ?? {};
  const { status, value, lo, hi, uncertainty, gross, budget } = board;
  return {
    live: { status, value, lo, hi, uncertainty, gross, terms: budget?.terms, idle: levels['board-0']?.level },
    temperatureC: temperatureC?.last,
    smClockMHz: smClockMHz && [smClockMHz.min, smClockMHz.max],
    throttle: throttleReasons?.join('+'),
  };
}

function burstsText(rows) {
  const lines = [
    'kind,runs,a_ns,b_ns,idle_before_ns,idle_after_ns,temperature_c,sm_mhz_min,sm_mhz_max,throttle',
  ];
  for (const row of rows) {
    const [low = '', high = ''] = row.smClockMHz ?? [];
    const { kind, runs, a, b, idleBefore, idleAfter, temperatureC = '', throttle = '' } = row;
    lines.push([kind, runs, a, b, idleBefore, idleAfter, temperatureC, low, high, throttle].join(','));
  }
  return `${lines.join('\n')}\n`;
}

/** Rows of a CSV as objects; `*_ns` columns as bigint, what looks like a number as a number. */
export function readCsv(file) {
  const [head, ...lines] = readFileSync(file, 'utf8').trim().split('\n');
  const names = head.split(',');
  return lines.map((line) => {
    const cells = line.split(',');
    return Object.fromEntries(names.map((name, i) => [name, cell(name, cells[i])]));
  });
}

function cell(name, text) {
  if (name.endsWith('_ns')) return BigInt(text);
  return text === '' || Number.isNaN(Number(text)) ? text : Number(text);
}
