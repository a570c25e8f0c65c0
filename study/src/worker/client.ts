import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync } from 'node:fs';
import type { Answers, WorkerAnswer, WorkerRequest } from '../types/protocol.js';
import { answerFault } from './answers.js';
import { WorkerFailure } from './failure.js';
import { Lines } from './lines.js';
import { killGroup } from './process-group.js';

const LOG_LINES = 20;
const SHOWN_CHARACTERS = 120;

export interface SpawnOptions {
  program: string;
  args: readonly string[];
  cwd: string;
  /** Its standard error goes there. */
  log: string;
  env?: NodeJS.ProcessEnv;
}

/** An answer, and when its request left and it came; CLOCK_MONOTONIC, ns. */
export interface Answered<T> {
  answer: T;
  sentNs: bigint;
  receivedNs: bigint;
}

type RequestOf<Op extends keyof Answers> = Extract<WorkerRequest, { op: Op }>;

interface Pending {
  op: keyof Answers;
  id: number;
  sentNs: bigint;
  settle: (line: string, receivedNs: bigint) => void;
  fail: (failure: WorkerFailure) => void;
}

/**
 * A worker in a process group of its own. Anything that is no answer to the request under way ends it: a worker that is
 * out of step cannot be believed.
 */
export class Worker {
  readonly pid: number;
  readonly #child: ChildProcess;
  readonly #log: string;
  readonly #ended: Promise<void>;
  readonly #lines = new Lines();
  #nextId = 1;
  #pending: Pending | undefined;
  #failure: WorkerFailure | undefined;
  #gone = false;

  private constructor(child: ChildProcess, log: string) {
    this.#child = child;
    this.pid = child.pid as number;
    this.#log = log;
    child.stdout?.setEncoding('utf8');
    child.stdout?.on('data', (text: string) => this.#take(text, process.hrtime.bigint()));
    // A worker that is gone is told by its end.
    child.stdin?.on('error', () => undefined);
    this.#ended = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        // What it has started ends with it; after that its number may be another's.
        this.#fail(new WorkerFailure('died', `The worker ended ${how(code, signal)}.`));
        this.#gone = true;
        resolve();
      });
    });
  }

  static async start({ program, args, cwd, log, env }: SpawnOptions): Promise<Worker> {
    const stderr = openSync(log, 'w');
    try {
      const child = spawn(program, args, {
        cwd,
        detached: true,
        stdio: ['pipe', 'pipe', stderr],
        env: { ...process.env, ...env },
      });
      await new Promise<void>((resolve, reject) => {
        child.once('spawn', resolve);
        child.once('error', (error) => {
          reject(new WorkerFailure('not-installed', `${program} cannot be started: ${error.message}.`));
        });
      });
      return new Worker(child, log);
    } finally {
      closeSync(stderr);
    }
  }

  request<Op extends keyof Answers>(
    request: RequestOf<Op>,
    timeoutSeconds: number,
  ): Promise<Answered<Answers[Op]>> {
    if (this.#failure) return Promise.reject(this.#failure);
    const id = this.#nextId;
    this.#nextId += 1;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const words = `The worker did not answer '${request.op}' within ${timeoutSeconds} s.`;
        this.#fail(new WorkerFailure('timeout', words));
      }, timeoutSeconds * 1000);
      const done = () => {
        clearTimeout(timer);
        this.#pending = undefined;
      };
      const sentNs = process.hrtime.bigint();
      this.#pending = {
        op: request.op,
        id,
        sentNs,
        settle: (line, receivedNs) => {
          done();
          try {
            resolve({ answer: parseAnswer<Op>(request.op as Op, id, line), sentNs, receivedNs });
          } catch (error) {
            if ((error as WorkerFailure).code === 'protocol') this.#fail(error as WorkerFailure);
            reject(error);
          }
        },
        fail: (failure) => {
          done();
          reject(failure);
        },
      };
      this.#child.stdin?.write(`${JSON.stringify({ id, ...request })}\n`);
    });
  }

  /** Asks it to end; one that does not end by itself with code 0 has failed. */
  async close(timeoutSeconds: number): Promise<void> {
    await this.request<'close'>({ op: 'close' }, timeoutSeconds);
    this.#child.stdin?.end();
    const timer = setTimeout(() => this.kill(), timeoutSeconds * 1000);
    await this.#ended;
    clearTimeout(timer);
    const { exitCode, signalCode } = this.#child;
    if (exitCode !== 0) {
      throw new WorkerFailure('died', `The worker ended ${how(exitCode, signalCode)} when it was to close.`);
    }
  }

  /** Ends it and all that it has started; twice is once. */
  kill(): void {
    if (!this.#gone) killGroup(this.pid);
  }

  async killed(): Promise<void> {
    this.kill();
    await this.#ended;
  }

  /** Last lines of its standard error. */
  logTail(): string[] {
    return logTail(this.#log);
  }

  #take(text: string, receivedNs: bigint): void {
    for (const line of this.#lines.take(text)) {
      if (this.#pending) this.#pending.settle(line, receivedNs);
      else this.#fail(new WorkerFailure('protocol', `The worker wrote without being asked: ${shown(line)}.`));
    }
    if (this.#lines.endless) {
      this.#fail(new WorkerFailure('protocol', 'The worker writes a line without end.'));
    }
  }

  #fail(failure: WorkerFailure): void {
    this.#failure ??= failure;
    this.kill();
    this.#pending?.fail(this.#failure);
  }
}

function parseAnswer<Op extends keyof Answers>(op: Op, id: number, line: string): Answers[Op] {
  const wrong = (why: string) =>
    new WorkerFailure('protocol', `The worker's answer to '${op}' is wrong: ${why}.`);
  let answer: Partial<WorkerAnswer<Record<string, unknown>>> | null;
  try {
    answer = JSON.parse(line);
  } catch {
    throw wrong(`it is no JSON: ${shown(line)}`);
  }
  if (typeof answer !== 'object' || answer === null) throw wrong(`it is no object: ${shown(line)}`);
  if (answer.id !== id) throw wrong(`its id is ${String(answer.id)}, not ${id}`);
  if (answer.ok === false) {
    const { code, message } = answer.error ?? {};
    if (typeof code !== 'string' || typeof message !== 'string')
      throw wrong('its error has no code and message');
    throw new WorkerFailure(code, message);
  }
  if (answer.ok !== true) throw wrong('ok is neither true nor false');
  const fault = answerFault(op, answer);
  if (fault) throw wrong(fault);
  const { id: _id, ok: _ok, ...rest } = answer;
  return rest as unknown as Answers[Op];
}

export function logTail(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').trimEnd().split('\n').slice(-LOG_LINES);
  } catch {
    return [];
  }
}

function shown(line: string): string {
  return line.length > SHOWN_CHARACTERS ? `${line.slice(0, SHOWN_CHARACTERS)}...` : line;
}

function how(code: number | null, signal: string | null): string {
  return signal ? `by ${signal}` : `with code ${code}`;
}
