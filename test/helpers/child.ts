import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

/** The folder of the repository's package.json. */
export const root = join(import.meta.dirname ?? __dirname, '..', '..');

export interface Ended {
  code: number | null;
  signal: string | null;
  stdout: string;
  stderr: string;
}

/** Runs a program to its end without a shell. */
export function run(command: string, args: string[], cwd: string, env: NodeJS.ProcessEnv = {}): Ended {
  const child = spawnSync(command, args, {
    cwd,
    env: { ...process.env, ...env },
    encoding: 'utf8',
    timeout: 120_000,
    maxBuffer: 1 << 28,
  });
  if (child.error) throw child.error;
  return { code: child.status, signal: child.signal, stdout: child.stdout, stderr: child.stderr };
}

/** As `run`, with an error that shows what the program printed unless it ends with 0. */
export function mustRun(command: string, args: string[], cwd: string, env?: NodeJS.ProcessEnv): string {
  const ended = run(command, args, cwd, env);
  if (ended.code !== 0) {
    throw new Error(
      `${command} ${args.join(' ')} ended with ${ended.code ?? ended.signal}\n${ended.stdout}${ended.stderr}`,
    );
  }
  return ended.stdout;
}
