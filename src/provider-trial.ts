// An execution provider, tried in a process of its own: what it loads may abort, hang, or write what it likes.
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { ERROR_CODES, type ErrorCode } from './errors.js';

export interface Trial {
  provider: string;
  /** Path and release of ONNX Runtime's library. */
  onnxruntime: string;
  version: string;
  libraryFolders: readonly string[];
  timeoutMs: number;
}

/** What the process sends once the model has run, or once it could not. */
export type TrialAnswer = { ok: true } | { ok: false; code: string; reason: string; remedy?: string };

export interface TrialFailure {
  code: ErrorCode;
  reason: string;
  remedy?: string;
}

interface Ending {
  answer: unknown;
  code: number | null;
  signal: NodeJS.Signals | null;
  timedOut: boolean;
  lastLine: string;
}

/** Why a model of one node cannot run on this provider here; undefined: it can. */
export async function tryProvider(trial: Trial): Promise<TrialFailure | undefined> {
  let ending: Ending;
  try {
    ending = await runTrial(trial);
  } catch (error) {
    return {
      code: 'not-supported',
      reason: `No process can be started to try it: ${(error as Error).message}`,
      remedy: 'Create a session with it; or let Node start processes (--allow-child-process).',
    };
  }
  const { answer, timedOut, code, signal } = ending;
  if (!isAnswer(answer)) return crashed(trial, ending);
  if (!answer.ok) {
    const { reason, remedy } = answer;
    const known = ERROR_CODES.find((one) => one === answer.code) ?? 'internal';
    return { code: known, reason, ...(remedy === undefined ? {} : { remedy }) };
  }
  return timedOut || signal !== null || code !== 0 ? crashed(trial, ending) : undefined;
}

/** Loaded on use: few programs probe. */
function start(): ChildProcess {
  const { fork } = require('node:child_process') as typeof import('node:child_process');
  // What is meant for the application's own start, an inspector or a loader, is not for this one.
  const { NODE_OPTIONS, ...env } = process.env;
  return fork(join(__dirname, '..', 'dist', 'probe-child.js'), [], {
    execArgv: [],
    env,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
}

function runTrial(trial: Trial): Promise<Ending> {
  const child = start();
  const ending: Ending = { answer: undefined, code: null, signal: null, timedOut: false, lastLine: '' };
  const kill = () => child.kill('SIGKILL');
  const timer = setTimeout(() => {
    ending.timedOut = true;
    kill();
  }, trial.timeoutMs);
  process.once('exit', kill);
  const written = keepTail(child);
  child.on('message', (message) => {
    ending.answer ??= message;
  });
  return new Promise<Ending>((resolve, reject) => {
    child.once('error', reject);
    // 'close', not 'exit': the last lines may still be in the pipes.
    child.once('close', (code, signal) =>
      resolve({ ...ending, code, signal, lastLine: lastLine(written()) }),
    );
    child.send(trial, (error) => {
      if (error) kill();
    });
  }).finally(() => {
    clearTimeout(timer);
    process.removeListener('exit', kill);
  });
}

/** The end of what it writes, of both streams as it comes. */
function keepTail(child: ChildProcess): () => string {
  const most = 4096;
  let tail = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      tail = (tail + text).slice(-most);
    });
  }
  return () => tail;
}

function lastLine(text: string): string {
  const most = 300;
  const printable = text
    .split('\n')
    .map((line) => line.replace(/[^\x20-\x7e\u00a0-\uffff]/g, ' ').trim())
    .filter((line) => line !== '');
  return (printable.at(-1) ?? '').slice(0, most);
}

function isAnswer(value: unknown): value is TrialAnswer {
  if (typeof value !== 'object' || value === null || !('ok' in value)) return false;
  return value.ok === true || (value.ok === false && 'reason' in value && typeof value.reason === 'string');
}

function crashed(trial: Trial, { answer, timedOut, code, signal, lastLine }: Ending): TrialFailure {
  const after = isAnswer(answer) ? 'after the model had run' : 'without an answer';
  const how = timedOut
    ? `did not end within ${trial.timeoutMs / 1000} s`
    : `ended with ${signal ?? `exit code ${code}`} ${after}`;
  const said = lastLine === '' ? 'It wrote nothing.' : `The last line that it wrote: ${lastLine}`;
  return {
    code: timedOut ? 'timeout' : 'provider-unavailable',
    reason: `The process in which the execution provider '${trial.provider}' was tried ${how}. ${said}`,
    remedy: `See that the provider libraries beside ${trial.onnxruntime} are of its release, ${trial.version}, and that the driver is as new as their CUDA.`,
  };
}
