import { run } from './run.mjs';

/** Runs the C++ unit tests (under `wrapper`, e.g. valgrind) and reads their count. */
export function nativeTests(
  binary,
  { wrapper = [], env, label = 'C++ unit tests', timeoutMs = 120_000 } = {},
) {
  const [command, ...args] = [...wrapper, binary];
  const { ok, status, timedOut, output } = run(command, args, { quiet: true, env, timeoutMs });
  process.stdout.write(output);
  const count = /^C\+\+: (\d+) passed, (\d+) failed$/m.exec(output);
  const failures = [...output.matchAll(/^FAILED (.*)$/gm)].map(([, name]) => `${label}: ${name}`);
  if (timedOut) failures.push(`${label}: not finished after ${timeoutMs / 1000} s`);
  else if (!ok && failures.length === 0) failures.push(`${label}: ended with ${status}`);
  if (!count && ok) failures.push(`${label}: printed no count`);
  return { passed: count ? Number(count[1]) : 0, failures };
}
