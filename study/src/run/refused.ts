import { WorkerFailure } from '../worker/failure.js';

/** What a worker says does not hold: the run has failed. */
export function requireHonest(fault: string | undefined): void {
  if (fault) throw new WorkerFailure('protocol', fault);
}

/** How often what a busy machine may have caused is tried. */
export const TRIES = 3;
