import { conditionsOf } from './conditions.js';
import { ERROR_CODES, type ErrorCode } from './errors.js';
import type { EnergyRequest } from './meter-options.js';
import type { NativeChannel, NativeConditions, NativeMeter, NativeSeries } from './native.js';
import { plainData } from './plain.js';
import { combined, GAIN, quantity } from './quantity.js';
import type { Figure, Level, ResolvedReader } from './resolved.js';
import { explainedByOthers, suspectReason } from './suspect.js';
import { totalOf } from './total.js';
import type { FiguresUsed } from './types/calibration.js';
import type {
  Budget,
  Energy,
  EnergyReport,
  IdlePower,
  IdleReport,
  Mark,
  MeasuredEnergy,
  Scope,
  TimelineSeries,
} from './types/energy.js';

const NS_PER_MS = 1e6;
/** Shown of the timeline beside a window without declared quiet time: a few updates of a 100 ms counter. */
const BESIDE_NS = 300_000_000n;

const ESTIMATORS = {
  window: 'posterior of the path of power',
  caused: 'posterior of the path of power, less idle',
} as const;

/** One report a window, from what the addon resolved. */
export function energyReports(
  meter: NativeMeter,
  reader: ResolvedReader,
  marks: BigInt64Array,
  request: EnergyRequest,
  calibrated: ReadonlyMap<string, string>,
): EnergyReport[] {
  return Array.from({ length: marks.length / 2 }, (_, window) =>
    energyReport(
      meter,
      reader,
      window,
      marks[2 * window] as bigint,
      marks[2 * window + 1] as bigint,
      request,
      calibrated,
    ),
  );
}

function energyReport(
  meter: NativeMeter,
  reader: ResolvedReader,
  window: number,
  a: Mark,
  b: Mark,
  request: EnergyRequest,
  calibrated: ReadonlyMap<string, string>,
): EnergyReport {
  const readings = meter.conditions(a, b);
  const scopes: Record<string, Energy> = {};
  const idle: IdleReport = {};
  const covariance: Record<string, Float64Array> = {};
  meter.channels.forEach((channel, c) => {
    const energy = energyOf(channel, reader, window, c, a, request, readings);
    scopes[channel.id] = energy;
    if (channel.unsupported) return;
    energy.figures = figuresUsed(calibrated.get(channel.uuid));
    idle[channel.id] = idlePower(reader, window, c, request);
    const row = reader.covariance(window, c);
    if (row && !row.some(Number.isNaN)) covariance[channel.id] = row;
  });
  const boards = meter.channels.filter((channel) => channel.scope === 'board');
  const board = boards.length === 1 ? scopes[(boards[0] as NativeChannel).id] : undefined;
  const total = totalOf(meter.channels, scopes);
  return plainData<EnergyReport>({
    kind: request.kind,
    start: a,
    end: b,
    durationMs: Number(b - a) / NS_PER_MS,
    scopes,
    ...(board ? { board } : {}),
    ...(total ? { total } : {}),
    idle,
    ...(request.covariance ? { covariance: plainData(covariance) } : {}),
    conditions: conditionsOf(readings, meter.devices),
    timeline: plainData({ origin: a, series: request.timeline ? timeline(meter, a, b, request) : [] }),
    simulated: meter.simulated,
  });
}

/** The energy of a window as its counter's steps on both sides tell it, in place of the posterior's. */
export function alignedEnergy(
  usual: MeasuredEnergy,
  figure: Figure,
  channel: NativeChannel,
  a: Mark,
): Energy {
  const { lo: _lo, hi: _hi, ...rest } = usual;
  const gross = quantity(figure, 'J');
  return {
    ...rest,
    ...gross,
    status: figure.status === 'ok' ? 'ok' : 'below-resolution',
    unit: 'J',
    method: `${channel.method}, from step to step, less the spin beside the window`,
    budget: budgetOf(figure, channel, a),
    gross,
  };
}

function energyOf(
  channel: NativeChannel,
  reader: ResolvedReader,
  window: number,
  c: number,
  a: Mark,
  request: EnergyRequest,
  readings: readonly NativeConditions[],
): Energy {
  const common = {
    id: channel.id,
    scope: channel.scope as Scope,
    kind: request.kind,
    method: `${channel.method}, ${ESTIMATORS[request.kind]}`,
  };
  if (channel.unsupported) {
    const { code, reason, remedy } = channel.unsupported;
    const known = ERROR_CODES.find((one) => one === code) ?? 'internal';
    return {
      ...common,
      method: channel.method,
      budget: null,
      status: 'unsupported',
      ...unsupported(known, reason, remedy),
    };
  }
  const figure = reader.figure(window, c, request.kind);
  const gross = reader.figure(window, c, 'window');
  const quiet = request.idleBeforeNs > 0 || request.idleAfterNs > 0;
  const net = quiet ? reader.figure(window, c, 'caused') : undefined;
  const described = {
    ...common,
    budget: budgetOf(figure, channel, a),
    ...(Number.isFinite(gross.value) ? { gross: quantity(gross, 'J') } : {}),
    ...(net && Number.isFinite(net.value) ? { net: quantity(net, 'J') } : {}),
  };
  const ownFault = figure.status === 'suspect' && !explainedByOthers(figure.cause);
  const busy = !ownFault && otherWorkOn(channel, readings);
  if (figure.status === 'ok' || figure.status === 'below-resolution') {
    const { value, uncertainty, combinedUncertainty, lo, hi } = quantity(figure, 'J');
    const ends = lo === undefined || hi === undefined ? {} : { lo, hi };
    if (!busy) {
      return {
        ...described,
        status: figure.status,
        value,
        uncertainty,
        combinedUncertainty,
        ...ends,
        unit: 'J',
      };
    }
  }
  const cause = busy ? 'other-work' : (figure.cause ?? 'no-update');
  return {
    ...described,
    status: 'suspect',
    ...(Number.isFinite(figure.value) ? { value: figure.value } : {}),
    ...(Number.isFinite(figure.value) && Number.isFinite(figure.uncertainty)
      ? { uncertainty: figure.uncertainty, combinedUncertainty: combined(figure.uncertainty, figure.value) }
      : {}),
    unit: 'J',
    cause,
    reason: suspectReason(cause),
  };
}

function figuresUsed(at: string | undefined): FiguresUsed {
  return at === undefined
    ? { from: 'built-in' }
    : { from: 'calibration', at, ageMs: Math.max(0, Date.now() - Date.parse(at)) };
}

function unsupported(code: ErrorCode, reason: string, remedy: string) {
  return { code, reason, ...(remedy === '' ? {} : { remedy }) };
}

function otherWorkOn(channel: NativeChannel, readings: readonly NativeConditions[]): boolean {
  return (
    channel.uuid !== '' &&
    readings.some((one) => one.id === `board-${channel.index}` && one.otherWork === 'busy')
  );
}

function budgetOf(figure: Figure, channel: NativeChannel, a: Mark): Budget | null {
  if (!Number.isFinite(figure.value)) return null;
  return {
    coverage: 0.95,
    terms: figure.terms.map((term, i) => {
      const origin = figure.origins[i] as string;
      // Calibration is one for all windows of a counter; edges and idle belong to this window.
      const instant = origin === 'calibration' ? '' : `@${a}`;
      return { ...term, key: `${origin}:${channel.key}${instant}` };
    }),
    gain: { relative: GAIN, distribution: 'rectangular', key: `gain:${channel.key}` },
  };
}

function idlePower(reader: ResolvedReader, window: number, c: number, request: EnergyRequest): IdlePower {
  const power = (level: Level) =>
    Number.isFinite(level.watts)
      ? quantity({ value: level.watts, uncertainty: level.uncertainty, lo: Number.NaN, hi: Number.NaN }, 'W')
      : null;
  const level = power(reader.level(window, c, 'level'));
  const declared = request.idleBeforeNs > 0 || request.idleAfterNs > 0;
  return {
    before: power(reader.level(window, c, 'before')),
    after: power(reader.level(window, c, 'after')),
    level,
    ...(level
      ? {}
      : {
          reason: declared
            ? 'The quiet time beside the window holds too few updates of the counter.'
            : 'No quiet time was declared beside the window.',
        }),
  };
}

function timeline(meter: NativeMeter, a: Mark, b: Mark, request: EnergyRequest): TimelineSeries[] {
  const before = BigInt(Math.round(request.idleBeforeNs)) || BESIDE_NS;
  const after = BigInt(Math.round(request.idleAfterNs)) || BESIDE_NS;
  return meter.snapshot(a - before, b + after).map((series) => relative(series, a));
}

function relative(
  { id, source, unit, tBeforeNs, tAfterNs, value }: NativeSeries,
  origin: Mark,
): TimelineSeries {
  const ms = (times: BigInt64Array) => Float64Array.from(times, (t) => Number(t - origin) / NS_PER_MS);
  return { id, source, unit, tBeforeMs: ms(tBeforeNs), tAfterMs: ms(tAfterNs), value };
}
