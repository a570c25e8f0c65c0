// The method of the 2024 paper: the driver's power read each 10 ms, energy their sum, less the mean power of a long idle
// time; of the processor the plain difference of its counter, less its idle.
import { type EnergyReport, type Meter, mark, type TimelineSeries } from 'microjoule';
import type { Compat2024 } from '../types/journal.js';
import type { Protocol } from '../types/table.js';
import { stabilityGate } from './gate.js';
import { wait } from './wait.js';

const POLL_MS = 10;
const CHUNK_SECONDS = 10;
/** What nvidia-smi shows as power.draw; the moment's power where the board has no mean. */
const POLLED = ['nvml:power-average', 'nvml:power-usage', 'nvml:power-instant'];

export interface Idle2024 {
  /** By the board's id, W. */
  gpuW: Record<string, number>;
  cpuW: number | null;
  /** What ran meanwhile, as far as can be seen; null: nothing. */
  fault: string | null;
}

/** Mean powers over so long a time in which nothing runs, once the machine is quiet. */
export async function idle2024(
  meter: Meter,
  seconds: number,
  stability: Protocol['stability'],
  signal: AbortSignal,
): Promise<Idle2024> {
  const gate = await stabilityGate({ meter, stability, baselineC: null, signal });
  let busy = false;
  const gpu: Record<string, { watts: number; samples: number }> = {};
  const cpu = { joules: 0 as number | null, seconds: 0 };
  for (let left = seconds; left > 0; left -= CHUNK_SECONDS) {
    const start = mark();
    await wait(Math.min(left, CHUNK_SECONDS), signal);
    const report = await meter.energy(start, mark());
    for (const id of boardsOf(report)) {
      const polled = poll(report, id);
      const before = gpu[id] ?? { watts: 0, samples: 0 };
      if (polled) gpu[id] = { watts: before.watts + polled.sum, samples: before.samples + polled.samples };
    }
    busy ||= report.conditions.devices.some(({ otherWork }) => otherWork === 'busy');
    const joules = cpuJoules(report);
    cpu.joules = cpu.joules === null || joules === null ? null : cpu.joules + joules;
    cpu.seconds += report.durationMs / 1000;
  }
  return {
    gpuW: Object.fromEntries(Object.entries(gpu).map(([id, { watts, samples }]) => [id, watts / samples])),
    cpuW: cpu.joules === null ? null : cpu.joules / cpu.seconds,
    fault: gate.reason ?? (busy ? 'Other processes used the GPU.' : null),
  };
}

export function compat2024(report: EnergyReport, board: string | undefined, idle: Idle2024): Compat2024 {
  const seconds = report.durationMs / 1000;
  const polled = board === undefined ? undefined : poll(report, board);
  const idleGpuW = board === undefined ? null : (idle.gpuW[board] ?? null);
  const cpu = cpuJoules(report);
  const notes = [
    polled ? undefined : 'no power of a board could be polled',
    cpu === null ? 'the processor has no counter that can be read' : undefined,
  ].filter((note) => note !== undefined);
  return {
    gpuJ: polled && idleGpuW !== null ? (polled.sum / polled.samples - idleGpuW) * seconds : null,
    cpuJ: cpu !== null && idle.cpuW !== null ? cpu - idle.cpuW * seconds : null,
    seconds,
    idleGpuW,
    idleCpuW: idle.cpuW,
    samples: polled?.samples ?? 0,
    note: [
      notes.length > 0 ? `${notes.join('; ')}.` : 'The power of the moment of each poll, held for 10 ms.',
      ...(idle.fault ? [`While its idle was taken the machine was not quiet: ${idle.fault}`] : []),
    ].join(' '),
  };
}

const boardsOf = ({ scopes }: EnergyReport): string[] =>
  Object.values(scopes).flatMap(({ id, scope }) => (scope === 'board' ? [id] : []));

function cpuJoules({ scopes }: EnergyReport): number | null {
  const packages = Object.values(scopes).filter(({ scope }) => scope === 'cpu-package');
  const gross = packages.map((energy) => energy.gross?.value);
  if (gross.length === 0 || gross.some((value) => value === undefined)) return null;
  return (gross as number[]).reduce((sum, joules) => sum + joules, 0);
}

/** The value that a poll each 10 ms would have seen, summed over the window; undefined: there is none. */
function poll(
  { timeline, durationMs }: EnergyReport,
  id: string,
): { sum: number; samples: number } | undefined {
  const series = POLLED.map((source) =>
    timeline.series.find((one) => one.id === id && one.source === source && one.value.length > 0),
  ).find((one): one is TimelineSeries => one !== undefined);
  if (!series) return undefined;
  let [i, sum, samples] = [0, 0, 0];
  for (let ms = 0; ms < durationMs; ms += POLL_MS) {
    while (i + 1 < series.value.length && (series.tAfterMs[i + 1] as number) <= ms) i += 1;
    sum += series.value[i] as number;
    samples += 1;
  }
  return { sum, samples };
}
