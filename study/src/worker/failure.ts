import type { WorkerErrorCode } from '../types/protocol.js';

/** A worker that did not do what was asked. The run has failed, or, if it says so itself, the cell is impossible. */
export class WorkerFailure extends Error {
  constructor(
    readonly code: WorkerErrorCode | 'protocol' | 'died' | 'timeout',
    message: string,
  ) {
    super(message);
    this.name = 'WorkerFailure';
  }
}
