import type { EnergyReport, TimelineSeries } from 'microjoule';
import type { PowerSeries } from '../types/journal.js';

const MAX_POINTS = 300;
/** The finest shape of a board that the driver gives. */
const PREFERRED = ['nvml:power-instant', 'nvml:power-samples'];

/** Power over a report's window, one series a counter, thinned to means; for plots only. */
export function powerSeries({ timeline, scopes, durationMs }: EnergyReport): PowerSeries[] {
  const ids = Object.values(scopes).flatMap(({ id, status }) => (status === 'unsupported' ? [] : [id]));
  return ids.flatMap((id) => {
    const own = timeline.series.filter((series) => series.id === id);
    const power = PREFERRED.flatMap((source) => own.filter((one) => one.source === source))[0];
    const joules = own.find(({ unit }) => unit === 'J');
    const points = power ? powersOf(power) : joules ? differences(joules) : [];
    const inside = points.filter(([ms]) => ms >= 0 && ms <= durationMs);
    return inside.length > 0 ? [{ id, ...thinned(inside, durationMs) }] : [];
  });
}

type Point = readonly [ms: number, watts: number];

function powersOf({ tAfterMs, value }: TimelineSeries): Point[] {
  return Array.from(value, (watts, i) => [tAfterMs[i] as number, watts] as const);
}

function differences({ tAfterMs, value }: TimelineSeries): Point[] {
  return Array.from(value, (joules, i): Point => {
    const [t0, t1] = [tAfterMs[i - 1] ?? Number.NaN, tAfterMs[i] as number];
    return [(t0 + t1) / 2, (1000 * (joules - (value[i - 1] ?? Number.NaN))) / (t1 - t0)];
  }).filter(([, watts]) => Number.isFinite(watts));
}

function thinned(points: readonly Point[], durationMs: number): { seconds: number[]; watts: number[] } {
  const width = durationMs / MAX_POINTS;
  const bins = new Map<number, { ms: number; watts: number; count: number }>();
  for (const [ms, watts] of points) {
    const bin = Math.min(MAX_POINTS - 1, Math.floor(ms / width));
    const { ms: m, watts: w, count } = bins.get(bin) ?? { ms: 0, watts: 0, count: 0 };
    bins.set(bin, { ms: m + ms, watts: w + watts, count: count + 1 });
  }
  const means = [...bins.entries()].sort(([a], [b]) => a - b).map(([, bin]) => bin);
  return {
    seconds: means.map(({ ms, count }) => round(ms / count / 1000)),
    watts: means.map(({ watts, count }) => round(watts / count)),
  };
}

const round = (x: number): number => Math.round(x * 1000) / 1000;
