import { ERROR_CODES } from './errors.js';
import { rootsOf } from './meter-options.js';
import { type NativeCounterProbe, native } from './native.js';
import { processorProbe, raplProbe } from './probe-rapl.js';
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
  const found = await native().probeCounters({ roots: rootsOf(roots), timing });
  return {
    processor: processorProbe(found),
    driver: { nvml: found.driver || null, cuda: found.cudaDriver || null },
    gpus: found.devices.map(({ index, name, uuid, pciBusId, mig }) => ({
      index,
      name,
      uuid,
      pciBusId,
      migEnabled: mig,
    })),
    counters: found.counters.map(counter),
    rapl: raplProbe(found),
    simulated: found.simulated,
  };
}

function counter(found: NativeCounterProbe['counters'][number]): CounterProbe {
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
    disturbs: 'not tested',
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
