import { type BoardDescription, describeBoards } from './calibration/describe.js';
import { ERROR_CODES } from './errors.js';
import { rootsOf } from './meter-options.js';
import { type NativeCounterProbe, native } from './native.js';
import { processorProbe, raplProbe } from './probe-rapl.js';
import type { Disturbance } from './types/calibration.js';
import type { Scope } from './types/energy.js';
import type { CounterProbe, GpuProbe, ProbeOptions, ProcessorProbe, RaplProbe } from './types/probe.js';

const NS_PER_MS = 1e6;
const NS_PER_US = 1e3;

export interface CountersProbed {
  processor: ProcessorProbe;
  driver: { nvml: string | null; cuda: string | null };
  gpus: GpuProbe[];
  counters: CounterProbe[];
  rapl: RaplProbe;
  simulated: boolean;
}

/** The part of `probe()` that concerns energy counters: each either readable, with its facts, or not, with the reason. */
export async function probeCounters({ roots, timing = true }: ProbeOptions = {}): Promise<CountersProbed> {
  const where = rootsOf(roots);
  const found = await native().probeCounters({ roots: where, timing });
  const boards = found.devices.length > 0 ? await describeBoards(where) : new Map<string, BoardDescription>();
  return {
    processor: processorProbe(found),
    driver: { nvml: found.driver || null, cuda: found.cudaDriver || null },
    gpus: found.devices.map(({ index, name, uuid, pciBusId, mig }) => ({
      index,
      name,
      uuid,
      pciBusId,
      migEnabled: mig,
      state: boards.get(uuid)?.state ?? null,
      calibration: boards.get(uuid)?.calibration ?? { from: 'built-in', reason: 'The board was lost.' },
    })),
    counters: found.counters.map((one) => counter(one, disturbanceOf(one, found, boards))),
    rapl: raplProbe(found),
    simulated: found.simulated,
  };
}

type Disturbs = Disturbance['disturbs'];

// A calibration tests the energy counter of its board.
function disturbanceOf(
  { id, unit, source }: NativeCounterProbe['counters'][number],
  { devices }: NativeCounterProbe,
  boards: ReadonlyMap<string, BoardDescription>,
): Disturbs {
  const device = source === 'nvml' && unit === 'J' ? devices.find((one) => one.id === id) : undefined;
  const used = device && boards.get(device.uuid)?.calibration;
  return used?.from === 'calibration' ? used.calibration.disturbance.disturbs : 'not tested';
}

function counter(found: NativeCounterProbe['counters'][number], disturbs: Disturbs): CounterProbe {
  const common = { id: found.id, scope: found.scope as Scope, source: found.source, method: found.method };
  if (!found.readable || found.unsupported) {
    const { code = 'internal', reason = 'Not readable.', remedy = '' } = found.unsupported ?? {};
    return {
      ...common,
      readable: false,
      code: ERROR_CODES.find((known) => known === code) ?? 'internal',
      reason,
      ...(remedy === '' ? {} : { remedy }),
    };
  }
  return {
    ...common,
    readable: true,
    unit: found.unit as 'J' | 'W',
    resolution: finiteOrNull(found.resolution),
    updatePeriodMs: finiteOrNull(found.updatePeriodNs / NS_PER_MS),
    callUs: found.callNs.length > 0 ? quantiles(found.callNs) : null,
    disturbs,
  };
}

function finiteOrNull(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

function quantiles(callNs: Float64Array): { p50: number; p99: number; calls: number } {
  const sorted = Float64Array.from(callNs).sort();
  const at = (p: number) =>
    (sorted[Math.min(sorted.length - 1, Math.ceil(p * sorted.length) - 1)] as number) / NS_PER_US;
  return { p50: at(0.5), p99: at(0.99), calls: sorted.length };
}
