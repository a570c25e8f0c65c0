import type { NativeDevice } from './native.js';
import type { Energy, EnergyReport, Quantity } from './types/energy.js';

/** Adds `perInference` to every figure of the report. */
export function dividePerInference(report: EnergyReport, repetitions: number): void {
  if (repetitions === 0) return;
  const energies = Object.values(report.scopes);
  if (report.total) energies.push(report.total);
  for (const energy of energies) {
    if (energy.status === 'unsupported' || energy.value === undefined) continue;
    energy.perInference = divided(energy, repetitions);
  }
}

function divided(energy: Exclude<Energy, { status: 'unsupported' }>, n: number): Quantity {
  const ends = 'lo' in energy && energy.lo !== undefined && energy.hi !== undefined;
  return {
    value: (energy.value as number) / n,
    uncertainty: (energy.uncertainty ?? 0) / n,
    combinedUncertainty: (energy.combinedUncertainty ?? 0) / n,
    ...(ends ? { lo: (energy.lo as number) / n, hi: (energy.hi as number) / n } : {}),
    unit: 'J',
  };
}

export interface DeviceIdentity {
  readonly uuid: string;
  readonly pciBusId: string;
}

/**
 * Sets `report.board` to the session's own device, found among NVML's by UUID or PCI bus id and never by
 * index: CUDA_VISIBLE_DEVICES and CUDA's order do not apply to NVML. A session on the CPU keeps the only board, if any.
 */
export function attachBoard(
  report: EnergyReport,
  provider: string,
  device: DeviceIdentity | null,
  devices: readonly NativeDevice[],
): void {
  if (provider === 'cpu') return;
  const match = device && matchDevice(device, devices);
  const energy = match && report.scopes[match.id];
  report.board = energy ?? unmatched(report, provider, device, devices);
}

export function matchDevice(
  device: DeviceIdentity,
  devices: readonly NativeDevice[],
): NativeDevice | undefined {
  const byUuid = devices.find((d) => device.uuid !== '' && d.uuid === device.uuid);
  return (
    byUuid ?? devices.find((d) => device.pciBusId !== '' && busId(d.pciBusId) === busId(device.pciBusId))
  );
}

// NVML writes a PCI domain of eight digits, CUDA one of four.
function busId(text: string): string {
  return text.toLowerCase().replace(/^0*/, '');
}

function unmatched(
  report: EnergyReport,
  provider: string,
  device: DeviceIdentity | null,
  devices: readonly NativeDevice[],
): Energy {
  const where = device?.uuid || device?.pciBusId;
  const reason =
    devices.length === 0
      ? 'No NVIDIA board can be read by NVML here.'
      : where === undefined
        ? `The device that the ${provider} session runs on could not be identified.`
        : `The session runs on ${where}, which is none of the boards that NVML reads (${devices.map((d) => d.uuid).join(', ')}).`;
  return {
    id: 'board',
    scope: 'board',
    kind: report.kind,
    method: 'none',
    budget: null,
    status: 'unsupported',
    code: 'not-supported',
    reason,
  };
}
