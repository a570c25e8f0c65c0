import { loadavg } from 'node:os';
import { type EnergyReport, type Meter, mark } from 'microjoule';
import type { Gate } from '../types/journal.js';
import type { Protocol } from '../types/table.js';
import { wait } from './wait.js';

/** Power is compared over so many windows of so many seconds. */
const WINDOWS = 4;
const WINDOW_SECONDS = 0.5;
const POLL_SECONDS = 0.5;
const SCOPES = ['board', 'cpu-package', 'platform'];

export interface GateOptions {
  meter: Meter;
  stability: Protocol['stability'];
  /** Before the first run; null: this is it, or it is not known. */
  baselineC: number | null;
  signal: AbortSignal;
}

type Figures = Pick<Gate, 'powerRelativeSd' | 'loadAverage1' | 'temperatureC' | 'otherWork'>;

/** Waits until the machine is quiet, as far as can be seen; after the time-out it goes on, and says so. */
export async function stabilityGate(options: GateOptions): Promise<Gate> {
  const begun = performance.now();
  const { stability, baselineC, signal, meter } = options;
  for (;;) {
    const figures = await look(meter, signal);
    const faults = faultsOf(figures, stability, baselineC);
    const waitedSeconds = (performance.now() - begun) / 1000;
    if (faults.length === 0) return { passed: true, waitedSeconds, ...figures };
    if (waitedSeconds >= stability.timeoutSeconds) {
      const reason = `After ${waitedSeconds.toFixed(0)} s still: ${faults.join('; ')}.`;
      return { passed: false, waitedSeconds, ...figures, reason };
    }
    await wait(POLL_SECONDS, signal);
  }
}

function faultsOf(figures: Figures, stability: Protocol['stability'], baselineC: number | null): string[] {
  const { powerRelativeSd, loadAverage1, temperatureC, otherWork } = figures;
  return [
    ...(powerRelativeSd !== null && powerRelativeSd > stability.powerRelativeSd
      ? [`power scatters by ${(100 * powerRelativeSd).toFixed(1)} %`]
      : []),
    ...(loadAverage1 > stability.loadAverage1 ? [`the load average is ${loadAverage1.toFixed(2)}`] : []),
    ...(temperatureC !== null && baselineC !== null && temperatureC > baselineC + stability.temperatureC
      ? [`the board is at ${temperatureC} C, ${baselineC} C before the first run`]
      : []),
    ...(otherWork === 'busy' && stability.otherWork === 'wait' ? ['other processes use the GPU'] : []),
  ];
}

async function look(meter: Meter, signal: AbortSignal): Promise<Figures> {
  const readable = meter.channels.some(({ unsupported }) => !unsupported);
  const start = mark();
  const windows = readable ? WINDOWS : 1;
  if (readable) await wait(WINDOWS * WINDOW_SECONDS, signal);
  const step = BigInt(Math.round(WINDOW_SECONDS * 1e9));
  const edges = Array.from({ length: windows }, (_, i) => start + BigInt(i) * step);
  const reports = await meter.energies(
    BigInt64Array.from(edges.flatMap((edge) => [edge, readable ? edge + step : mark()])),
  );
  const devices = reports.flatMap(({ conditions }) => conditions.devices);
  const temperatures = devices.flatMap(({ temperatureC }) => (temperatureC ? [temperatureC.last] : []));
  return {
    powerRelativeSd: powerScatter(reports),
    loadAverage1: loadavg()[0] ?? 0,
    temperatureC: temperatures.length > 0 ? Math.max(...temperatures) : null,
    otherWork: worstOf(devices.map(({ otherWork }) => otherWork)),
  };
}

function worstOf(seen: readonly Gate['otherWork'][]): Gate['otherWork'] {
  if (seen.includes('busy')) return 'busy';
  return seen.length > 0 && !seen.includes('unknown') ? 'none' : 'unknown';
}

/** Standard deviation over mean of the windows' powers, of the counter that scatters most; null: none can be read. */
function powerScatter(reports: readonly EnergyReport[]): number | null {
  const ids = Object.values(reports[0]?.scopes ?? {}).filter(({ scope }) => SCOPES.includes(scope));
  const scatters = ids.flatMap(({ id }) => {
    const watts = reports.flatMap(({ scopes, durationMs }) => {
      const gross = scopes[id]?.gross?.value;
      return gross === undefined ? [] : [(1000 * gross) / durationMs];
    });
    return watts.length === reports.length && watts.length > 1 ? [relativeSd(watts)] : [];
  });
  return scatters.length > 0 ? Math.max(...scatters) : null;
}

function relativeSd(values: readonly number[]): number {
  const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
  const variance = values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / (values.length - 1);
  return mean > 0 ? Math.sqrt(variance) / mean : 0;
}
