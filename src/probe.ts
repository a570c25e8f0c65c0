import { probeCounters } from './probe-counters.js';
import { probeRuntime } from './probe-runtime.js';
import type { ProbeOptions, ProbeReport } from './types/probe.js';
import { VERSION } from './version.js';

/**
 * What can be measured and run here: each counter and each execution provider, readable or not, and if not, why and
 * what mends it. Never throws for an absent thing.
 */
export async function probe(options: ProbeOptions = {}): Promise<ProbeReport> {
  const counters = await probeCounters(options);
  return {
    platform: `${process.platform}-${process.arch}`,
    node: process.version,
    microjoule: VERSION,
    ...counters,
    onnxruntime: probeRuntime(options.onnxruntime),
  };
}
