// Checks of a meter's options before any native work begins.
import { checkKeys, choice, finiteNumber, plainObject, text, truth, wholeNumber } from './check-options.js';
import { invalidArgument } from './errors.js';
import type { NativeMeterOptions, NativeRoots } from './native.js';
import type { EnergyKind } from './types/energy.js';
import type { AbortSignalLike, EnergiesOptions, EnergyOptions, MeterOptions } from './types/meter.js';

const SOURCES = ['nvml', 'rapl'];
const RAPL_INTERFACES = ['perf', 'msr', 'powercap'];
const DEFAULT_HISTORY_S = 120;
// A day of one 20 ms sensor is 100 MB; more is a recording, not a history.
const MAX_HISTORY_S = 86_400;
const DEFAULT_IDLE_MS = 1000;
const NS_PER_MS = 1e6;

export function meterOptions(options: MeterOptions, shared: boolean): NativeMeterOptions {
  plainObject('the options of a meter', options);
  checkKeys('meter option', options, [
    'sources',
    'devices',
    'historySeconds',
    'sampling',
    'ownWork',
    'raplInterface',
    'calibration',
    'roots',
  ]);
  const {
    sources = [],
    devices = [],
    historySeconds = DEFAULT_HISTORY_S,
    sampling = 'continuous',
    ownWork = 'process',
  } = options;
  if (!Array.isArray(sources))
    throw invalidArgument('sources must be an array of names.', `Known: ${SOURCES.join(', ')}.`);
  for (const source of sources) {
    if (!SOURCES.includes(source)) {
      throw invalidArgument(
        `There is no source called '${String(source)}'.`,
        `Known: ${SOURCES.join(', ')}.`,
      );
    }
  }
  if (!Array.isArray(devices))
    throw invalidArgument('devices must be an array of UUIDs, PCI bus ids or indices.');
  if (sampling !== 'continuous' && sampling !== 'windows' && sampling !== 'dense') {
    throw invalidArgument(`sampling must be 'continuous', 'windows' or 'dense', not '${String(sampling)}'.`);
  }
  const { raplInterface } = options;
  if (raplInterface !== undefined && !RAPL_INTERFACES.includes(raplInterface)) {
    throw invalidArgument(
      `There is no RAPL interface called '${String(raplInterface)}'.`,
      `Known: ${RAPL_INTERFACES.join(', ')}.`,
    );
  }
  const seconds = finiteNumber('historySeconds', historySeconds, 1);
  if (seconds > MAX_HISTORY_S) {
    throw invalidArgument(`historySeconds must be at most ${MAX_HISTORY_S}, not ${seconds}.`);
  }
  return {
    sources: [...sources],
    devices: devices.map(deviceName),
    historySeconds: seconds,
    windowsOnly: sampling === 'windows',
    dense: sampling === 'dense',
    childrenAreOurs: choice('ownWork', ownWork, { process: false, tree: true }),
    calibrations: [],
    raplInterface: raplInterface ?? '',
    roots: rootsOf(options.roots),
    shared: truth('shared', shared),
  };
}

function deviceName(device: unknown): string {
  return typeof device === 'number' ? String(wholeNumber('devices', device)) : text('devices', device);
}

/** Empty: the system's own place. */
export function rootsOf(roots: MeterOptions['roots'] = {}): NativeRoots {
  checkKeys('root', plainObject('roots', roots), ['nvml', 'powercap', 'perf', 'msr', 'sys', 'proc']);
  const { nvml = '', powercap = '', perf = '', msr = '', sys = '', proc = '' } = roots;
  return {
    nvml: text('roots.nvml', nvml),
    powercap: text('roots.powercap', powercap),
    perf: text('roots.perf', perf),
    msr: text('roots.msr', msr),
    sys: text('roots.sys', sys),
    proc: text('roots.proc', proc),
  };
}

/** What a wait for energy needs, every default filled in. */
export interface EnergyRequest {
  kind: EnergyKind;
  idleBeforeNs: number;
  idleAfterNs: number;
  timeoutNs: number;
  signal: AbortSignalLike | undefined;
  covariance: boolean;
  timeline: boolean;
}

const ENERGY_KEYS = ['kind', 'signal', 'timeoutMs', 'idle'];

export function energyRequest(options: EnergyOptions, more: readonly string[] = []): EnergyRequest {
  plainObject('the options', options);
  checkKeys('option', options, [...ENERGY_KEYS, ...more]);
  const { kind = 'window', timeoutMs, idle } = options;
  if (kind !== 'window' && kind !== 'caused') {
    throw invalidArgument(`kind must be 'window' or 'caused', not '${String(kind)}'.`);
  }
  // The energy of a window needs no quiet time, so none is waited for unless it is asked for.
  const fallback = kind === 'caused' ? DEFAULT_IDLE_MS : 0;
  const { beforeMs = fallback, afterMs = fallback } =
    idle === false ? { beforeMs: 0, afterMs: 0 } : (idle ?? {});
  return {
    kind,
    idleBeforeNs: finiteNumber('idle.beforeMs', beforeMs) * NS_PER_MS,
    idleAfterNs: finiteNumber('idle.afterMs', afterMs) * NS_PER_MS,
    timeoutNs: timeoutMs === undefined ? -1 : finiteNumber('timeoutMs', timeoutMs) * NS_PER_MS,
    signal: options.signal,
    covariance: false,
    timeline: true,
  };
}

export function energiesRequest(options: EnergiesOptions): EnergyRequest {
  const request = energyRequest(options, ['covariance', 'timeline']);
  const covariance = truth('covariance', options.covariance ?? false);
  if (covariance && request.kind !== 'window') {
    throw invalidArgument(
      `Covariances are those of the energies of windows, not of kind '${request.kind}'.`,
      'Leave out kind, or covariance.',
    );
  }
  return { ...request, covariance, timeline: truth('timeline', options.timeline ?? false) };
}
