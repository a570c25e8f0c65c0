// Reports of many blocks as one.
import { plainData } from './plain.js';
import { blockStatistics, halfWidth } from './planner/block-statistics.js';
import { ENOUGH_FOR_SCATTER } from './planner/repeats.js';
import { type BlockEnergies, type HowRepeated, repeatedEnergy } from './repeated-energy.js';
import { totalOf } from './total.js';
import type {
  Conditions,
  DeviceConditions,
  Energy,
  EnergyReport,
  IdlePower,
  IdleReport,
  Quantity,
  Range,
  Timeline,
  TimelineSeries,
} from './types/energy.js';
import type { Block, Channel, Sham } from './types/meter.js';

/** Of the same blocks, in the order of time: the reports of the kind asked for, and those of the other kinds there are. */
export interface BlockReports {
  reports: readonly EnergyReport[];
  gross: readonly EnergyReport[];
  net: readonly EnergyReport[] | undefined;
}

interface HowReported extends HowRepeated {
  /** Those that the total is made of; default: all. */
  totalled?: readonly Channel[];
}

/** `others`: reports of windows in between, whose samples belong to the timeline too. */
export function repeatedReport(
  channels: readonly Channel[],
  blocks: BlockReports,
  others: readonly EnergyReport[],
  how: HowReported,
): EnergyReport {
  const { reports } = blocks;
  const first = reports[0] as EnergyReport;
  const last = reports.at(-1) as EnergyReport;
  const scopes: Record<string, Energy> = {};
  for (const { id } of channels) {
    scopes[id] = repeatedEnergy(
      energiesOf(reports, id),
      {
        ...(first.kind === 'window' ? {} : { gross: energiesOf(blocks.gross, id) }),
        ...(first.kind === 'caused' || !blocks.net ? {} : { net: energiesOf(blocks.net, id) }),
      },
      how,
    );
  }
  const total = totalOfBlocks(how.totalled ?? channels, scopes, reports, how);
  const board = first.board && scopes[first.board.id];
  return plainData<EnergyReport>({
    kind: first.kind,
    start: first.start,
    end: last.end,
    durationMs: reports.reduce((ms, report) => ms + report.durationMs, 0),
    scopes,
    ...(board ? { board } : {}),
    ...(total ? { total } : {}),
    idle: meanIdle(reports.map((report) => report.idle)),
    conditions: conditionsOfAll(reports.map((report) => report.conditions)),
    timeline: joinTimelines([...reports, ...others]),
    simulated: first.simulated,
  });
}

// What varies from block to block may vary in all scopes at once: the scatter of the blocks' own sums knows.
function totalOfBlocks(
  channels: readonly Channel[],
  scopes: EnergyReport['scopes'],
  reports: readonly EnergyReport[],
  { alpha }: HowRepeated,
): EnergyReport['total'] {
  const total = totalOf(channels, scopes);
  if (total?.status !== 'ok' && total?.status !== 'below-resolution') return total;
  const sums = reports.flatMap((report) => {
    const one = totalOf(channels, report.scopes);
    return one?.status === 'ok' || one?.status === 'below-resolution' ? [one.value] : [];
  });
  if (sums.length < ENOUGH_FOR_SCATTER) return total;
  const scattered = reports.length * halfWidth(blockStatistics(sums), alpha);
  if (scattered <= total.uncertainty) return total;
  return {
    ...total,
    status: scattered > Math.abs(total.value) / 2 ? 'below-resolution' : 'ok',
    uncertainty: scattered,
    combinedUncertainty: Math.hypot(total.combinedUncertainty, scattered),
  };
}

function energiesOf(reports: readonly EnergyReport[], id: string): BlockEnergies {
  return {
    energies: reports.map((report) => report.scopes[id] as Energy),
    starts: reports.map((report) => report.start),
  };
}

/** Each block by itself. */
export function blocksOf(reports: readonly EnergyReport[], runs: readonly number[]): Block[] {
  return reports.map((report, i) => ({
    start: report.start,
    end: report.end,
    repetitions: runs[i] as number,
    scopes: Object.fromEntries(Object.entries(report.scopes).map(([id, energy]) => [id, figureOf(energy)])),
  }));
}

function figureOf(energy: Energy): Block['scopes'][string] {
  if (energy.status === 'unsupported') return { status: energy.status };
  const { status, value, uncertainty } = energy;
  return {
    status,
    ...(value === undefined ? {} : { value }),
    ...(uncertainty === undefined ? {} : { uncertainty }),
  };
}

/** Mean of the windows in which nothing ran. */
export function shamOf(
  channels: readonly Channel[],
  reports: readonly EnergyReport[],
  how: HowRepeated,
): Sham | undefined {
  const first = reports[0];
  if (!first) return undefined;
  const scopes: Record<string, Quantity> = {};
  for (const { id } of channels) {
    const energy = repeatedEnergy(energiesOf(reports, id), {}, how);
    if (energy.status !== 'ok' && energy.status !== 'below-resolution') continue;
    const { value, uncertainty, combinedUncertainty } = energy;
    scopes[id] = {
      value: value / reports.length,
      uncertainty: uncertainty / reports.length,
      combinedUncertainty: combinedUncertainty / reports.length,
      unit: 'J',
    };
  }
  return { blocks: reports.length, kind: first.kind, scopes };
}

// A mean level with the mean of the intervals: what the levels have in common is not averaged away.
function meanIdle(reports: readonly IdleReport[]): IdleReport {
  const out: IdleReport = {};
  for (const id of Object.keys(reports[0] ?? {})) {
    const all = reports.map((report) => report[id] as IdlePower);
    const level = meanQuantity(all.map((idle) => idle.level));
    const { reason } = all.find((idle) => idle.reason !== undefined) ?? {};
    out[id] = {
      before: meanQuantity(all.map((idle) => idle.before)),
      after: meanQuantity(all.map((idle) => idle.after)),
      level,
      ...(level || reason === undefined ? {} : { reason }),
    };
  }
  return out;
}

function meanQuantity(quantities: readonly (Quantity | null)[]): Quantity | null {
  const known = quantities.filter((quantity) => quantity !== null);
  const [first] = known;
  if (!first) return null;
  const mean = (field: 'value' | 'uncertainty' | 'combinedUncertainty') =>
    known.reduce((total, quantity) => total + quantity[field], 0) / known.length;
  return {
    value: mean('value'),
    uncertainty: mean('uncertainty'),
    combinedUncertainty: mean('combinedUncertainty'),
    unit: first.unit,
  };
}

function conditionsOfAll(all: readonly Conditions[]): Conditions {
  const { devices, host } = all.at(-1) as Conditions;
  return {
    devices: devices.map((_, i) =>
      all.map((conditions) => conditions.devices[i] as DeviceConditions).reduce(worseOf),
    ),
    host,
  };
}

function worseOf(a: DeviceConditions, b: DeviceConditions): DeviceConditions {
  return {
    ...b,
    temperatureC: span(a.temperatureC, b.temperatureC),
    smClockMHz: span(a.smClockMHz, b.smClockMHz),
    memoryClockMHz: span(a.memoryClockMHz, b.memoryClockMHz),
    gpuUtilisationPercent: span(a.gpuUtilisationPercent, b.gpuUtilisationPercent),
    memoryUtilisationPercent: span(a.memoryUtilisationPercent, b.memoryUtilisationPercent),
    throttleReasons:
      a.throttleReasons && b.throttleReasons
        ? [...new Set([...a.throttleReasons, ...b.throttleReasons])]
        : (a.throttleReasons ?? b.throttleReasons),
    otherWork:
      (['busy', 'unknown'] as const).find((one) => a.otherWork === one || b.otherWork === one) ?? 'none',
    busyProcesses: [...new Set([...a.busyProcesses, ...b.busyProcesses])],
  };
}

function span(a: Range | null, b: Range | null): Range | null {
  if (!a || !b) return a ?? b;
  return { min: Math.min(a.min, b.min), max: Math.max(a.max, b.max), first: a.first, last: b.last };
}

function joinTimelines(reports: readonly EnergyReport[]): Timeline {
  const inOrder = [...reports].sort((a, b) => (a.start < b.start ? -1 : 1));
  const origin = (inOrder[0] as EnergyReport).timeline.origin;
  const parts = new Map<string, { series: TimelineSeries; offsetMs: number }[]>();
  for (const { timeline } of inOrder) {
    const offsetMs = Number(timeline.origin - origin) / 1e6;
    for (const series of timeline.series) {
      const id = `${series.id} ${series.source}`;
      const known = parts.get(id);
      if (known) known.push({ series, offsetMs });
      else parts.set(id, [{ series, offsetMs }]);
    }
  }
  return plainData<Timeline>({ origin, series: [...parts.values()].map(joinSeries) });
}

// Neighbouring blocks may both hold the sample between them.
function joinSeries(parts: readonly { series: TimelineSeries; offsetMs: number }[]): TimelineSeries {
  const { id, source, unit } = (parts[0] as { series: TimelineSeries }).series;
  const before: number[] = [];
  const after: number[] = [];
  const values: number[] = [];
  for (const { series, offsetMs } of parts) {
    series.tAfterMs.forEach((ms, i) => {
      const at = ms + offsetMs;
      if (after.length > 0 && at <= (after.at(-1) as number) + 1e-6) return;
      before.push((series.tBeforeMs[i] as number) + offsetMs);
      after.push(at);
      values.push(series.value[i] as number);
    });
  }
  return {
    id,
    source,
    unit,
    tBeforeMs: Float64Array.from(before),
    tAfterMs: Float64Array.from(after),
    value: Float64Array.from(values),
  };
}
