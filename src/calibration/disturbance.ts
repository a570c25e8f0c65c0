// Whether reading a counter changes what it counts: steady load, read as usual and read back to back in turn.
import { sleepUnlessAborted } from '../abort.js';
import { mark } from '../mark.js';
import { Meter } from '../meter.js';
import { blockStatistics, halfWidth } from '../planner/block-statistics.js';
import type { Disturbance } from '../types/calibration.js';
import type { EnergyReport, Mark } from '../types/energy.js';
import type { AbortSignalLike, MeterOptions } from '../types/meter.js';
import { type Load, steady } from './load.js';

/** Reading disturbs where mean power differs by more; and it is only told where the difference is known as well. */
const THRESHOLD = 0.02;
const ALPHA = 0.05;
const ROUNDS = 4;
const WINDOW_PERIODS = 20;
/** After a load begins, and after a meter opens: transients of power limits. */
const SETTLE_MS = 500;
const LONGEST_MS = 3_600_000;

export interface DisturbanceRequest {
  load: Load;
  /** Reads as usual, and tells all windows. */
  meter: Meter;
  channelId: string;
  /** Opens the one that reads back to back. */
  options: MeterOptions;
  periodMs: number;
  signal?: AbortSignalLike | undefined;
  onWindow(done: number, planned: number): void;
}

type Window = readonly [Mark, Mark];

export async function testDisturbance(request: DisturbanceRequest): Promise<Disturbance> {
  const { load, signal } = request;
  const usual: Window[] = [];
  const dense: Window[] = [];
  const stop = new AbortController();
  const forward = () => stop.abort(signal?.reason);
  signal?.addEventListener('abort', forward, { once: true });
  // Longer than all windows; it is ended with them.
  const ended = steady(load, LONGEST_MS, stop.signal).then(
    () => undefined,
    (error: unknown) => error,
  );
  try {
    await sleepUnlessAborted(2 * SETTLE_MS, signal);
    for (let round = 0; round < ROUNDS; round += 1) {
      // A B B A, then B A A B: drift meets both alike.
      const first = round % 2 === 0 ? usual : dense;
      const second = first === usual ? dense : usual;
      for (const into of [first, second, second, first]) {
        into.push(await window(request, into === dense));
        request.onWindow(usual.length + dense.length, 4 * ROUNDS);
      }
    }
  } finally {
    stop.abort();
    signal?.removeEventListener('abort', forward);
    await ended;
  }
  const failure = await ended;
  // A load that ended by itself left windows without load.
  if (failure !== stop.signal.reason) throw failure;
  return compared(request, usual, dense);
}

async function window({ options, periodMs, signal }: DisturbanceRequest, dense: boolean): Promise<Window> {
  const meter = dense ? await Meter.open({ ...options, sampling: 'dense' }) : undefined;
  try {
    await sleepUnlessAborted(SETTLE_MS, signal);
    const a = mark();
    await sleepUnlessAborted(WINDOW_PERIODS * periodMs, signal);
    return [a, mark()];
  } finally {
    await meter?.close();
  }
}

async function compared(
  { meter, channelId }: DisturbanceRequest,
  usual: readonly Window[],
  dense: readonly Window[],
): Promise<Disturbance> {
  const powers = await Promise.all([usual, dense].map((windows) => powersOf(meter, channelId, windows)));
  const [a, b] = powers as [Power[] | string, Power[] | string];
  if (typeof a === 'string') return { disturbs: 'not tested', reason: a };
  if (typeof b === 'string') return { disturbs: 'not tested', reason: b };
  return judge(a, b);
}

interface Power {
  watts: number;
  uncertainty: number;
}

async function powersOf(meter: Meter, id: string, windows: readonly Window[]): Promise<Power[] | string> {
  const reports = await meter.energies(BigInt64Array.from(windows.flat()));
  const powers = reports.map((report) => powerOf(report, id));
  return powers.find((power) => typeof power === 'string') ?? (powers as Power[]);
}

function powerOf(report: EnergyReport, id: string): Power | string {
  const energy = report.scopes[id];
  if (energy?.status !== 'ok') return `A window under load is ${energy?.status}: ${reasonOf(energy)}`;
  const seconds = report.durationMs / 1e3;
  return { watts: energy.value / seconds, uncertainty: energy.uncertainty / seconds };
}

function reasonOf(energy: EnergyReport['scopes'][string] | undefined): string {
  return energy && 'reason' in energy ? energy.reason : 'its interval is wider than half of it.';
}

/** Two windows of each in a group, in the order of time; their ratio a group. @internal */
export function judge(usual: readonly Power[], dense: readonly Power[]): Disturbance {
  const groups = usual.length / 2;
  const pair = (list: readonly Power[], i: number) =>
    (list[2 * i] as Power).watts + (list[2 * i + 1] as Power).watts;
  const ratios = Array.from({ length: groups }, (_, i) => pair(dense, i) / pair(usual, i));
  const statistics = blockStatistics(ratios);
  const ratio = statistics.mean;
  const own = Math.hypot(relative(usual), ratio * relative(dense));
  const uncertainty = Math.max(own, halfWidth(statistics, ALPHA));
  if (!(uncertainty <= THRESHOLD)) {
    const reason = `The ratio of powers is known to ${percent(uncertainty)} only, not to ${percent(THRESHOLD)}.`;
    return { disturbs: 'not tested', ratio, uncertainty, reason };
  }
  return { disturbs: Math.abs(ratio - 1) > THRESHOLD ? 'yes' : 'no', ratio, uncertainty };
}

// Of the mean of independent windows.
function relative(powers: readonly Power[]): number {
  const watts = powers.reduce((sum, power) => sum + power.watts, 0);
  return Math.hypot(...powers.map((power) => power.uncertainty)) / watts;
}

function percent(share: number): string {
  return `${(100 * share).toPrecision(2)} %`;
}
