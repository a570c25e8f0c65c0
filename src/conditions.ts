import { readFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import type { NativeConditions, NativeDevice } from './native.js';
import type { Conditions, DeviceConditions, Range } from './types/energy.js';

// nvmlClocksEventReason* of nvml.h by bit; bit 0 is idleness, which throttles nothing.
const THROTTLE_REASONS: readonly (string | undefined)[] = [
  undefined,
  'applications-clocks',
  'sw-power-cap',
  'hw-slowdown',
  'sync-boost',
  'sw-thermal-slowdown',
  'hw-thermal-slowdown',
  'hw-power-brake',
  'display-clocks',
  'board-limit',
  'reliability',
];

const GOVERNOR = '/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor';

/** What the devices and the host were like while a window lasted. */
export function conditionsOf(
  readings: readonly NativeConditions[],
  devices: readonly NativeDevice[],
): Conditions {
  return { devices: devices.map((device) => deviceConditions(device, readings)), host: host() };
}

function deviceConditions(device: NativeDevice, readings: readonly NativeConditions[]): DeviceConditions {
  const seen = readings.find((reading) => reading.id === device.id);
  return {
    id: device.id,
    name: device.name,
    uuid: device.uuid,
    pciBusId: device.pciBusId,
    temperatureC: range(seen?.temperatureC),
    smClockMHz: range(seen?.smClockMHz),
    memoryClockMHz: range(seen?.memoryClockMHz),
    gpuUtilisationPercent: range(seen?.gpuUtilisationPercent),
    memoryUtilisationPercent: range(seen?.memoryUtilisationPercent),
    powerLimitW: seen && Number.isFinite(seen.powerLimitW) ? seen.powerLimitW : null,
    throttleReasons: seen?.throttleKnown ? throttleReasons(seen.throttleMask) : null,
    otherWork: seen?.otherWork ?? 'unknown',
    busyProcesses: seen?.busyProcesses ?? [],
  };
}

function range(values: readonly number[] | undefined): Range | null {
  const [min, max, first, last] = values ?? [];
  if (min === undefined || max === undefined || first === undefined || last === undefined) return null;
  return { min, max, first, last };
}

function throttleReasons(mask: number): string[] {
  return THROTTLE_REASONS.filter((name, bit) => name !== undefined && (mask & (1 << bit)) !== 0) as string[];
}

let cpu: { model: string; count: number } | undefined;

function host(): Conditions['host'] {
  if (!cpu) {
    const all = cpus();
    cpu = { model: all[0]?.model.trim() ?? 'unknown', count: all.length };
  }
  return { cpu: cpu.model, logicalCpus: cpu.count, loadAverage1: loadavg()[0] ?? 0, governor: governor() };
}

function governor(): string | null {
  try {
    return readFileSync(GOVERNOR, 'utf8').trim();
  } catch {
    return null;
  }
}
