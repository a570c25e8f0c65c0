import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ioFailure } from '../refuse.js';
import { findPython, hasUv } from './find-python.js';
import type { PythonRuntime, Requirements, Variant } from './requirements.js';

export interface InstallOptions {
  runtime: PythonRuntime;
  variant: Variant;
  requirements: Requirements;
  /** Folder of all environments. */
  folder: string;
  python?: string;
  signal?: AbortSignal;
  /** Told what is done: '12 of 57 packages: numpy==2.4.6'. */
  onProgress: (what: string) => void;
  /** Whether what was made works; throws where not. The path is that of its interpreter. */
  check: (interpreter: string) => Promise<void>;
}

const TEMPORARY = /^\.(.*)\.(\d+)\.tmp$/;
/** Shown of a failed command. */
const LAST_LINES = 15;

const interpreterIn = (folder: string): string => join(folder, 'bin', 'python');

/**
 * Makes an environment beside its place and moves it there when it works: one that was killed half-way is never found.
 * Scripts in its bin/ name the place where it was made; nothing here uses them.
 */
export async function install(options: InstallOptions): Promise<string> {
  const { folder, runtime, variant, requirements } = options;
  const place = join(folder, `${runtime}-${variant}-${requirements.hash}`);
  if (existsSync(place)) return interpreterIn(place);
  mkdirSync(folder, { recursive: true });
  removeAbandoned(folder);
  const making = join(folder, `.${runtime}-${variant}-${requirements.hash}.${process.pid}.tmp`);
  try {
    await fill(making, options);
    options.onProgress('trying it');
    await options.check(interpreterIn(making));
    moveTo(making, place);
    return interpreterIn(place);
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
}

async function fill(making: string, options: InstallOptions): Promise<void> {
  const { runtime, requirements, python } = options;
  const { path, pythons } = requirements;
  const interpreter = interpreterIn(making);
  options.onProgress('making the environment');
  if (hasUv()) {
    await must(options, 'uv', ['venv', '--python', python ?? (pythons[0] as string), making]);
    await must(options, 'uv', ['pip', 'install', '--python', interpreter, '--no-deps', '-r', path]);
    return;
  }
  await must(options, findPython(pythons, python, runtime), ['-m', 'venv', making]);
  // Everything is pinned; what the CPU's environments leave out is left out on purpose.
  const pip = ['-m', 'pip', 'install', '--no-deps', '--disable-pip-version-check', '--no-input', '-r', path];
  await must(options, interpreter, pip);
}

/** Another process may have been first: its environment is as good. */
function moveTo(making: string, place: string): void {
  try {
    renameSync(making, place);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOTEMPTY' && code !== 'EEXIST') throw error;
  }
}

/** What processes that are no more have left. */
function removeAbandoned(folder: string): void {
  for (const name of readdirSync(folder)) {
    const pid = TEMPORARY.exec(name)?.[2];
    if (pid !== undefined && !existsSync(`/proc/${pid}`))
      rmSync(join(folder, name), { recursive: true, force: true });
  }
}

/** Runs a command to its end, and tells of the packages that it comes to. */
async function must(options: InstallOptions, program: string, args: string[]): Promise<void> {
  const { requirements, onProgress, signal, runtime } = options;
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(signal ? { signal } : {}),
    env: { ...process.env, PYTHONNOUSERSITE: '1' },
  });
  const last: string[] = [];
  let packages = 0;
  const take = (line: string): void => {
    last.push(line);
    if (last.length > LAST_LINES) last.shift();
    const name = /^Collecting (\S+)/.exec(line)?.[1];
    if (name) packages += 1;
    if (name) onProgress(`${packages} of ${requirements.pins.length} packages: ${name}`);
    else if (/^(Installing collected|Resolved|Prepared|Installed)/.test(line)) onProgress(line.slice(0, 60));
  };
  for (const stream of [child.stdout, child.stderr]) createInterface({ input: stream }).on('line', take);
  const failure = await ended(child);
  signal?.throwIfAborted();
  if (failure === undefined) return;
  const log = last.map((line) => `  ${line}`).join('\n');
  throw ioFailure(`The environment of ${runtime} could not be made: ${program} ${failure}.\n${log}`);
}

function ended(child: ChildProcess): Promise<string | undefined> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`cannot be started (${error.message})`));
    child.once('close', (code, signal) => resolve(code === 0 ? undefined : `ended with ${code ?? signal}`));
  });
}
