import { MicrojouleError } from './errors.js';
import type { AbortSignalLike } from './types/meter.js';

/** Throws the signal's reason, as fetch does. */
export function throwIfAborted(signal: AbortSignalLike | undefined): void {
  if (signal?.aborted) throw signal.reason ?? new MicrojouleError('aborted', 'The wait was aborted.');
}

/**
 * What the job gives, or the signal's reason as soon as it fires: `cancel` is called then, and what the job still gives
 * goes to `drop`.
 */
export function unlessAborted<T>(
  job: Promise<T>,
  signal: AbortSignalLike,
  cancel: () => void,
  drop: (late: T) => void = () => {},
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = () => {
      cancel();
      reject(signal.reason);
      job.then(drop, () => {});
    };
    signal.addEventListener('abort', abort, { once: true });
    job.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });
}

/** Waits so long, or until the signal fires: it then throws the signal's reason. */
export async function sleepUnlessAborted(ms: number, signal: AbortSignalLike | undefined): Promise<void> {
  throwIfAborted(signal);
  if (ms <= 0) return;
  await new Promise<void>((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal?.addEventListener('abort', done, { once: true });
  });
  throwIfAborted(signal);
}
