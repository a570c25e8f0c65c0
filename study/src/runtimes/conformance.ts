import { CHECKS, type Subject } from './conformance-checks.js';
import { Conversation, Violation } from './conversation.js';

export interface ConformanceOptions {
  subject: Subject;
  /** Of one answer. Default 300. */
  timeoutSeconds?: number;
  /** Shows what the worker writes to its standard error. */
  log?: boolean;
  onCheck?: (result: CheckResult) => void;
}

export interface CheckResult {
  name: string;
  /** `not reached`: a check before it ended the conversation. */
  status: 'passed' | 'failed' | 'not reached';
  reason?: string;
}

export interface ConformanceReport {
  conforms: boolean;
  checks: CheckResult[];
}

const DEFAULT_TIMEOUT_SECONDS = 300;
/** A worker that has nothing more to do. */
const END_SECONDS = 30;
const CLOSE = 'close is answered, and the worker ends with code 0';
const SILENCE = 'its standard output holds answers and nothing else';
const HANG_UP = 'it ends when nobody asks any more';

/** Runs a worker through everything that the protocol asks of it. */
export async function runConformance(
  command: readonly string[],
  options: ConformanceOptions,
): Promise<ConformanceReport> {
  const checks: CheckResult[] = [];
  const done = (result: CheckResult) => {
    checks.push(result);
    options.onCheck?.(result);
  };
  await converse(command, options, done);
  done(await resultOf(HANG_UP, () => hangUp(command, options)));
  return { conforms: checks.every(({ status }) => status === 'passed'), checks };
}

async function converse(
  command: readonly string[],
  { subject, timeoutSeconds = DEFAULT_TIMEOUT_SECONDS, log = false }: ConformanceOptions,
  done: (result: CheckResult) => void,
): Promise<void> {
  const worker = new Conversation(command, timeoutSeconds, log);
  try {
    let going = true;
    for (const [name, check] of CHECKS) {
      const result = going
        ? await resultOf(name, () => check(worker, subject))
        : ({ name, status: 'not reached' } as const);
      done(result);
      // Without these the rest would fail for no reason of its own; what is out of step stays so.
      if (result.status === 'failed') going = going && !(await isOver(worker, name));
    }
    done(going ? await resultOf(CLOSE, () => close(worker)) : { name: CLOSE, status: 'not reached' });
    done(await resultOf(SILENCE, async () => silent(worker)));
  } finally {
    await worker.peer.kill();
  }
}

const NEEDED = ['hello', 'load', 'prepare gives the SHA-256 of the inputs'];

/** Whether there is no sense in asking on: a request the others need has failed, or the worker is gone or out of step. */
async function isOver(worker: Conversation, name: string): Promise<boolean> {
  if (NEEDED.includes(name)) return true;
  try {
    await worker.refused('levitate', {}, 'invalid-request');
    return false;
  } catch {
    return true;
  }
}

async function resultOf(name: string, run: () => Promise<void>): Promise<CheckResult> {
  try {
    await run();
    return { name, status: 'passed' };
  } catch (error) {
    // A file of its that cannot be read is the worker's fault too.
    if (!(error instanceof Violation) && !(error instanceof Error && 'code' in error)) throw error;
    return { name, status: 'failed', reason: error.message };
  }
}

async function close(worker: Conversation): Promise<void> {
  await worker.ask('close');
  worker.peer.hangUp();
  const end = await worker.peer.ended(END_SECONDS);
  if (!end) throw new Violation(`It did not end within ${END_SECONDS} s of its answer to close.`);
  if (end.code !== 0) throw new Violation(`It ended with ${end.code ?? end.signal}, not with 0.`);
}

function silent(worker: Conversation): void {
  const [line] = worker.peer.unread;
  if (line)
    throw new Violation(`It wrote a line that nobody asked for: ${JSON.stringify(line.text.slice(0, 200))}.`);
}

async function hangUp(command: readonly string[], { log = false }: ConformanceOptions): Promise<void> {
  const worker = new Conversation(command, END_SECONDS, log);
  try {
    worker.peer.hangUp();
    if (!(await worker.peer.ended(END_SECONDS))) {
      throw new Violation(`It still ran ${END_SECONDS} s after its standard input had ended.`);
    }
  } finally {
    await worker.peer.kill();
  }
}
