// Sessions of this process that were at work on the device of a measurement: the addon knows them exactly.
import type { Meter } from './meter.js';
import type { OtherJobs } from './native.js';
import { type DeviceIdentity, matchDevice } from './session-energy.js';
import { explainedByOthers, OTHER_SESSION } from './suspect.js';
import type { Attribution } from './types/attribution.js';
import type { Energy, EnergyReport, MeasuredEnergy, OtherSession } from './types/energy.js';
import type { Channel } from './types/meter.js';

/** The device of a session, as a report knows it. */
export interface ReportedDevice {
  /** 'board-0', 'cpu'; undefined: none that is metered. */
  id: string | undefined;
  /** Ids of the channels that its work goes into. */
  channels: readonly string[];
}

/** What of a session says where it works. */
interface PlacedSession {
  readonly providers: readonly string[];
  readonly device: DeviceIdentity | null;
}

/** The id of the session's board, 'cpu' where it runs on none, undefined where that is not known. */
export function deviceOf({ providers, device }: PlacedSession, meter: Meter): string | undefined {
  if (providers[0] === 'cpu') return 'cpu';
  return device ? matchDevice(device, meter.devices)?.id : undefined;
}

export function deviceOfSession(session: PlacedSession, meter: Meter): ReportedDevice {
  const id = deviceOf(session, meter);
  const board = meter.devices.find((device) => device.id === id);
  return reportedDevice(meter.channels, id, board?.index ?? (id === 'cpu' ? 'cpu' : undefined));
}

/** `index`: NVML's of the board; 'cpu': the work runs on no board. */
export function reportedDevice(
  channels: readonly Channel[],
  id: string | undefined,
  index: number | 'cpu' | undefined,
): ReportedDevice {
  const own = channels.filter((channel) =>
    index === 'cpu' ? channel.source === 'rapl' : channel.source === 'nvml' && channel.index === index,
  );
  return { id, channels: own.map((channel) => channel.id) };
}

/** The same of what was told apart. */
export function disturbedAttribution(told: Attribution, { channels }: ReportedDevice): Attribution {
  const scopes = { ...told.scopes };
  for (const channel of channels) {
    const scope = scopes[channel];
    if (scope === undefined || scope.status === 'unsupported') continue;
    scopes[channel] = { ...scope, status: 'suspect', cause: 'other-work', reason: OTHER_SESSION };
  }
  const board = told.board && scopes[told.board.id];
  return { ...told, scopes, ...(board ? { board } : {}) };
}

/** The report of a window in which they were: what the device took is not the measured session's alone. */
export function disturbed(report: EnergyReport, { id, channels }: ReportedDevice): EnergyReport {
  const { total: _, ...rest } = report;
  const scopes = { ...report.scopes };
  for (const channel of channels) {
    if (scopes[channel] !== undefined) scopes[channel] = suspect(scopes[channel]);
  }
  const devices = report.conditions.devices.map((device) =>
    device.id === id ? { ...device, otherWork: 'busy' as const } : device,
  );
  return { ...rest, scopes, conditions: { ...report.conditions, devices } };
}

function suspect(energy: Energy): Energy {
  if (energy.status === 'unsupported') return energy;
  if (energy.status === 'suspect' && !explainedByOthers(energy.cause)) return energy;
  const { lo: _lo, hi: _hi, ...rest } = energy as MeasuredEnergy;
  return { ...rest, status: 'suspect', cause: 'other-work', reason: OTHER_SESSION };
}

/** Jobs of each over all loops of a measurement. */
export function joinedSessions(loops: readonly OtherJobs[][]): OtherSession[] {
  const jobs = new Map<string, number>();
  for (const { session, jobs: more } of loops.flat()) jobs.set(session, (jobs.get(session) ?? 0) + more);
  return [...jobs].map(([session, count]) => ({
    session: session === '' ? 'sessions that have ended since' : session,
    jobs: count,
  }));
}
