import { setTimeout as sleep } from 'node:timers/promises';

/** Told to stop: what was under way is not recorded, and is done again later. */
export class Interrupted extends Error {
  constructor() {
    super('The study was interrupted.');
    this.name = 'Interrupted';
  }
}

export async function wait(seconds: number, signal: AbortSignal): Promise<void> {
  throwIfInterrupted(signal);
  if (seconds <= 0) return;
  try {
    await sleep(seconds * 1000, undefined, { signal });
  } catch {
    throw new Interrupted();
  }
}

export function throwIfInterrupted(signal: AbortSignal): void {
  if (signal.aborted) throw new Interrupted();
}

export const secondsBetween = (a: bigint, b: bigint): number => Number(b - a) / 1e9;
