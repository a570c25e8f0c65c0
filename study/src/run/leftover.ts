import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { writing } from '../refuse.js';
import { killGroup, startOf } from '../worker/process-group.js';

interface Left {
  host: string;
  pid: number;
  /** Tells the process from a later one with its number. */
  start: string;
}

/** Notes the worker under way, so that a study that was killed does not leave it working beside the next one. */
export function noteWorker(path: string, pid: number): void {
  const start = startOf(pid);
  if (start === undefined) return;
  const left: Left = { host: hostname(), pid, start };
  writing(path, () => writeFileSync(path, JSON.stringify(left)));
}

export function endLeftover(path: string): void {
  let left: Left;
  try {
    left = JSON.parse(readFileSync(path, 'utf8')) as Left;
  } catch {
    return;
  }
  if (left.host === hostname() && startOf(left.pid) === left.start) killGroup(left.pid);
  rmSync(path, { force: true });
}
