import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export const PERF_PARANOID = '/proc/sys/kernel/perf_event_paranoid';

// It holds the level as long as its input is open, so that it is restored however the test's process ends, and a lock,
// so that two tests do not take each other's level for the machine's own.
const GUARD = `level=$(cat ${PERF_PARANOID}) && echo "$1" > ${PERF_PARANOID} && echo held && cat > /dev/null
echo "$level" > ${PERF_PARANOID}`;

/** Runs `body` while the machine's perf_event_paranoid is `level`; needs root. */
export async function withPerfParanoid<T>(level: number, body: () => T | Promise<T>): Promise<T> {
  const lock = join(tmpdir(), 'microjoule-perf-paranoid.lock');
  const guard = spawn('flock', [lock, 'sh', '-c', GUARD, 'sh', String(level)], {
    detached: true, // a Ctrl-C at the terminal is not for it
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const ended = once(guard, 'exit');
  try {
    await once(guard.stdout, 'data');
    return await body();
  } finally {
    guard.stdin.end();
    await ended;
  }
}
