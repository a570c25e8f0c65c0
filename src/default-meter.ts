import { Meter } from './meter.js';

const IDLE_MS = 5000;

// One a process: workers join the same native meter (`shared`), each through a handle of its own.
let opening: Promise<Meter> | undefined;
let users = 0;
let closing: NodeJS.Timeout | undefined;

/**
 * Lends the process-wide meter, opened on first use. It keeps no process alive, and is closed once nobody
 * has used it for five seconds.
 */
export async function withDefaultMeter<T>(use: (meter: Meter) => Promise<T>): Promise<T> {
  clearTimeout(closing);
  users += 1;
  try {
    opening ??= Meter.openShared();
    return await use(await opening);
  } catch (error) {
    if (users === 1) opening = undefined;
    throw error;
  } finally {
    users -= 1;
    if (users === 0) scheduleClose();
  }
}

function scheduleClose(): void {
  const held = opening;
  if (!held) return;
  closing = setTimeout(() => {
    if (users > 0 || opening !== held) return;
    opening = undefined;
    held.then((meter) => meter.close()).catch(() => undefined);
  }, IDLE_MS);
  closing.unref();
}
