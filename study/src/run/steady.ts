import type { EnergyReport, Meter } from 'microjoule';
import type { ScopeEnergy, SteadyState } from '../types/journal.js';
import type { InferAnswer } from '../types/protocol.js';
import type { Worker } from '../worker/client.js';
import { gapFault, synchroniseFault, windowSeconds } from '../worker/honesty.js';
import { groupCpuSeconds } from '../worker/process-group.js';
import type { WorkerBoard } from './energies.js';
import { requireHonest, TRIES } from './refused.js';
import { infer } from './warm-up.js';

/** So much longer than asked, since inferences of the window may be quicker than those of the warm-up. */
const MARGIN = 1.1;
/** Utilisation is read twice a second. */
const UTILISATION_SECONDS = 1;

export interface Window {
  answer: InferAnswer;
  start: bigint;
  end: bigint;
  cpuSeconds: number | null;
}

/** As many inferences as fill the window; `quiet` comes before each try. */
export async function steadyWindow(
  worker: Worker,
  secondsEach: number,
  { seconds, timeoutSeconds, quiet }: { seconds: number; timeoutSeconds: number; quiet: () => Promise<void> },
): Promise<Window> {
  let n = Math.max(1, Math.ceil((MARGIN * seconds) / secondsEach));
  for (let attempt = 1; ; attempt += 1) {
    await quiet();
    const { fault, ...window } = await oneWindow(worker, n, seconds, timeoutSeconds);
    if (!fault) return window;
    if (attempt === TRIES) requireHonest(fault);
    n = Math.max(n, Math.ceil((MARGIN * n * seconds) / windowSeconds(window.answer)));
  }
}

async function oneWindow(
  worker: Worker,
  n: number,
  seconds: number,
  timeoutSeconds: number,
): Promise<Window & { fault: string | undefined }> {
  const before = groupCpuSeconds(worker.pid);
  const answered = await infer(worker, n, timeoutSeconds);
  const after = groupCpuSeconds(worker.pid);
  const once = await worker.request<'synchronise'>({ op: 'synchronise' }, timeoutSeconds);
  const { answer } = answered;
  const took = windowSeconds(answer);
  const short = `${n} inferences took ${took.toFixed(3)} s, less than the window of ${seconds} s.`;
  return {
    answer,
    start: BigInt(answer.startNs),
    end: BigInt(answer.endNs),
    cpuSeconds: before === null || after === null ? null : after - before,
    fault: gapFault(answered) ?? synchroniseFault(once, took) ?? (took < seconds ? short : undefined),
  };
}

export async function steadyState(
  meter: Meter,
  window: Window,
  batch: number,
  { report, energies, board }: { report: EnergyReport; energies: ScopeEnergy[]; board: WorkerBoard },
): Promise<SteadyState> {
  const { answer, cpuSeconds } = window;
  const [gpu, memory] = await utilisation(meter, window, board);
  return {
    inferences: answer.n,
    batch,
    seconds: windowSeconds(answer),
    synchronised: answer.synchronised,
    latencyMs: { ...latency(answer.durationsMs), each: answer.each },
    energies,
    cpuSeconds,
    devices: report.conditions.devices,
    meanGpuUtilisationPercent: gpu,
    meanGpuMemoryUtilisationPercent: memory,
  };
}

function latency(durationsMs: readonly number[]): Omit<SteadyState['latencyMs'], 'each'> {
  const sorted = Float64Array.from(durationsMs).sort();
  const at = (share: number) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] as number;
  const mean = sorted.reduce((sum, ms) => sum + ms, 0) / sorted.length;
  return { mean, p50: at(0.5), p90: at(0.9), p99: at(0.99), min: at(0), max: at(1) };
}

/** Means over equal parts of the window. */
async function utilisation(
  meter: Meter,
  { start, end }: Window,
  board: WorkerBoard,
): Promise<[number | null, number | null]> {
  if (board.kind !== 'matched') return [null, null];
  const parts = Math.max(1, Math.floor(Number(end - start) / 1e9 / UTILISATION_SECONDS));
  const edge = (i: number) => start + ((end - start) * BigInt(i)) / BigInt(parts);
  const marks = Array.from({ length: parts }, (_, i) => [edge(i), edge(i + 1)]).flat();
  const reports = await meter.energies(BigInt64Array.from(marks));
  const seen = reports.flatMap(({ conditions }) => conditions.devices.filter(({ id }) => id === board.id));
  const mean = (pick: (device: (typeof seen)[number]) => { first: number; last: number } | null) => {
    const values = seen.flatMap((device) => {
      const range = pick(device);
      return range ? [(range.first + range.last) / 2] : [];
    });
    return values.length > 0 ? values.reduce((sum, value) => sum + value, 0) / values.length : null;
  };
  return [mean((d) => d.gpuUtilisationPercent), mean((d) => d.memoryUtilisationPercent)];
}
