import type { NativeDevice } from './native.js';
import type { Energy, EnergyReport, Quantity, UnsupportedEnergy } from './types/energy.js';

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
  if (energy && isInstance(device, match)) report.board = ofWholeGpu(report, device, match);
  else report.board = energy ?? unmatched(report, provider, device, devices);
}

/** The device is an instance of a divided GPU (MIG). NVML tells the power of the whole GPU only. */
function isInstance(device: DeviceIdentity, board: NativeDevice): boolean {
  return device.uuid.startsWith('MIG-') || board.mig === true;
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

/** Never a share of it: how much of the whole is this instance's, nothing tells. */
function ofWholeGpu(report: EnergyReport, { uuid }: DeviceIdentity, board: NativeDevice): Energy {
  return {
    ...nothingOf(report),
    reason: `The session runs on an instance (MIG) of ${board.uuid}, ${uuid}: the board's power is that of the whole GPU with all of its instances.`,
    remedy: `Read energy.scopes['${board.id}'] as the whole GPU's, or turn MIG off.`,
  };
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
  return { ...nothingOf(report), reason };
}

function nothingOf({ kind }: EnergyReport): Omit<UnsupportedEnergy, 'reason'> {
  return {
    id: 'board',
    scope: 'board',
    kind,
    method: 'none',
    budget: null,
    status: 'unsupported',
    code: 'not-supported',
  };
}
