// Sessions of this process that were at work on the device of a measurement: the addon knows them exactly.
import type { NativeMeasureResult } from './native.js';
import { OTHER_SESSION } from './suspect.js';
import type { Energy, EnergyReport, OtherSession } from './types/energy.js';
import type { Channel } from './types/meter.js';

/** The device of a session, as a report knows it. */
export interface ReportedDevice {
  /** 'board-0', 'cpu'; undefined: none that is metered. */
  id: string | undefined;
  /** Ids of the channels that its work goes into. */
  channels: readonly string[];
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
  if (energy.status !== 'ok' && energy.status !== 'below-resolution') return energy;
  const { lo: _lo, hi: _hi, ...rest } = energy;
  return { ...rest, status: 'suspect', cause: 'other-work', reason: OTHER_SESSION };
}

/** Jobs of each over all loops of a measurement. */
export function joinedSessions(loops: readonly NativeMeasureResult['others'][]): OtherSession[] {
  const jobs = new Map<string, number>();
  for (const { session, jobs: more } of loops.flat()) jobs.set(session, (jobs.get(session) ?? 0) + more);
  return [...jobs].map(([session, count]) => ({
    session: session === '' ? 'sessions that have ended since' : session,
    jobs: count,
  }));
}
