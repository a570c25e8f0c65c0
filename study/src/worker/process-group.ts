import { readdirSync, readFileSync } from 'node:fs';

// proc_pid_stat(5): fields after the command's name, which may hold blanks and brackets.
const PGRP = 2;
const UTIME = 11;
const CSTIME = 14;
const START = 19;
/** USER_HZ is 100 on every Linux of ours. */
const TICKS_PER_SECOND = 100;

/** Seconds of CPU that a process group has used, ended children included; null: there is no such group. */
export function groupCpuSeconds(group: number): number | null {
  let ticks: number | null = null;
  for (const pid of readdirSync('/proc')) {
    const stat = /^\d+$/.test(pid) ? statOf(pid) : undefined;
    if (stat && Number(stat[PGRP]) === group) {
      ticks = (ticks ?? 0) + stat.slice(UTIME, CSTIME + 1).reduce((sum, value) => sum + Number(value), 0);
    }
  }
  return ticks === null ? null : ticks / TICKS_PER_SECOND;
}

/** Tells a process from a later one with its number; undefined: it is not there. */
export function startOf(pid: number): string | undefined {
  return statOf(String(pid))?.[START];
}

/** Ends a whole group at once; one that is gone is none. */
export function killGroup(group: number): void {
  try {
    process.kill(-group, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

function statOf(pid: string): string[] | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return text.slice(text.lastIndexOf(')') + 2).split(' ');
  } catch {
    return undefined;
  }
}
