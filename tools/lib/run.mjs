import { spawnSync } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of package.json. */
export const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** A failure whose message is the whole story: printed without a stack. */
export class Failure extends Error {}

/** In a log, escape sequences hide what was said; some tools write them wherever CI is set. */
const colour = process.stdout.isTTY ? {} : { NO_COLOR: '1' };

/** Runs a program without a shell; `quiet` keeps its output for the caller. Throws only where it cannot be started. */
export function run(command, args, { quiet = false, env = {}, cwd = root, timeoutMs } = {}) {
  const child = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...colour, ...env },
    encoding: 'utf8',
    stdio: ['ignore', quiet ? 'pipe' : 'inherit', quiet ? 'pipe' : 'inherit'],
    maxBuffer: 256 * 1024 * 1024,
    timeout: timeoutMs,
    killSignal: 'SIGKILL',
  });
  if (child.error && child.error.code !== 'ETIMEDOUT') {
    throw new Failure(`${command} could not be started: ${child.error.message}`);
  }
  return {
    ok: child.status === 0,
    status: child.status ?? child.signal,
    timedOut: child.error?.code === 'ETIMEDOUT',
    stdout: child.stdout ?? '',
    output: `${child.stdout ?? ''}${child.stderr ?? ''}`,
  };
}

/** As `run`, quiet, with the output shown only if the program fails; then throws. */
export function must(command, args, options = {}) {
  const result = run(command, args, { ...options, quiet: true });
  if (!result.ok) {
    process.stderr.write(result.output);
    throw new Failure(`${[command, ...args].join(' ')} failed (${result.status})`);
  }
  return result.stdout;
}

/** The first line of `command --version`, or null where the program is absent. */
export function version(command) {
  try {
    const { ok, stdout } = run(command, ['--version'], { quiet: true });
    return ok ? (stdout.split('\n')[0] ?? '') : null;
  } catch {
    return null;
  }
}

/** A program of node_modules, run by this Node without its shell wrapper. */
export function tool(path) {
  return join(root, 'node_modules', path);
}

/** Runs `main`, and turns a Failure into one line and exit code 1. */
export async function cli(main) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    console.error(error.message);
    process.exitCode = 1;
  }
}
