import { readFileSync } from 'node:fs';
import { arch, cpus, hostname, release, totalmem, version } from 'node:os';
import type { Conditions } from 'microjoule';
import type { Machine } from '../types/journal.js';
import { hashOf } from './hash.js';

/** What the runs are made on. */
export function machineOf({ devices, host }: Conditions, driver: string | null): Machine {
  return {
    hostname: hostname(),
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    logicalCpus: cpus().length,
    memoryBytes: totalmem(),
    kernel: `${release()} ${arch()}`,
    os: osName(),
    governor: host.governor,
    gpus: devices.map(({ name, uuid, powerLimitW }) => ({ name, uuid, powerLimitW })),
    driver,
  };
}

/** Two machines with one hash are taken for the same: what an operator may change in between is in it, too. */
export const machineHash = (machine: Machine): string => hashOf(machine);

function osName(): string {
  try {
    const pretty = /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(readFileSync('/etc/os-release', 'utf8'));
    if (pretty?.[1]) return pretty[1];
  } catch {
    // A system without the file is named by its kernel.
  }
  return version();
}
