import { calibrateBoards } from './calibration/calibrate.js';
import { calibrateRequest } from './calibration/options.js';
import { checkKeys, plainObject, truth } from './check-options.js';
import { crossCheck } from './cross-check.js';
import { probeCounters } from './probe-counters.js';
import { probeRuntime, readRuntimeOptions } from './probe-runtime.js';
import type { ProbeOptions, ProbeReport } from './types/probe.js';
import { VERSION } from './version.js';

const OPTIONS = [
  'roots',
  'timing',
  'crossCheck',
  'calibrate',
  'onnxruntime',
  'libraryFolders',
  'trialTimeoutMs',
] as const satisfies readonly (keyof ProbeOptions)[];

/**
 * What can be measured and run here: each counter and each execution provider, readable or not, and if not, why and
 * what mends it. Never throws for an absent thing. With `calibrate` it also finds the figures of GPU boards' counters.
 */
export async function probe(options: ProbeOptions = {}): Promise<ProbeReport> {
  plainObject('the options of probe()', options);
  checkKeys('option of probe()', options, OPTIONS);
  const { crossCheck: asked = false, calibrate = false, roots } = options;
  truth('crossCheck', asked);
  const request = calibrate === false ? undefined : calibrateRequest(calibrate);
  const settings = readRuntimeOptions(options);
  // First, so that the boards are described as they are from now on.
  const calibrated = request && (await calibrateBoards(request, options));
  // Counters before providers: their calls are timed.
  const counters = await probeCounters(options);
  return {
    platform: `${process.platform}-${process.arch}`,
    node: process.version,
    microjoule: VERSION,
    ...counters,
    ...(asked ? { crossCheck: await crossCheck(counters.rapl, roots) } : {}),
    ...(calibrated ? { calibrated } : {}),
    onnxruntime: await probeRuntime(settings),
  };
}
