import type { Answers, WorkerErrorCode } from '../types/protocol.js';
import { answerFault } from '../worker/answers.js';
import type { Answered } from '../worker/client.js';
import { LinePeer } from './line-peer.js';

/** What a worker did that the protocol does not allow. */
export class Violation extends Error {}

const CODES: readonly WorkerErrorCode[] = [
  'impossible',
  'not-installed',
  'out-of-memory',
  'invalid-request',
  'failed',
];
/** Of the answer to a line that is no request, and so has no id. */
const NO_ID = -1;
const SHOWN_CHARACTERS = 200;

const shown = (text: string): string => JSON.stringify(text.slice(0, SHOWN_CHARACTERS));

type Fields = Readonly<Record<string, unknown>>;
interface Refusal {
  code: WorkerErrorCode;
  message: string;
}
type Reply = { sentNs: bigint; receivedNs: bigint } & (
  | { ok: true; answer: Fields }
  | { ok: false; error: Refusal }
);

/** Requests to one worker and what must hold of every answer. */
export class Conversation {
  readonly peer: LinePeer;
  readonly #timeoutSeconds: number;
  #id = 100;

  constructor(command: readonly string[], timeoutSeconds: number, log: boolean) {
    this.peer = new LinePeer(command, log);
    this.#timeoutSeconds = timeoutSeconds;
  }

  /** An answer that must be a good one. */
  async ask<Op extends keyof Answers>(op: Op, fields: Fields = {}): Promise<Answered<Answers[Op]>> {
    const reply = await this.#exchange(op, fields);
    if (!reply.ok) throw new Violation(`${op} was refused: ${reply.error.message} [${reply.error.code}]`);
    const fault = answerFault(op, reply.answer);
    if (fault) throw new Violation(`The answer to ${op} is not as it must be: ${fault}.`);
    const { sentNs, receivedNs } = reply;
    return { answer: reply.answer as unknown as Answers[Op], sentNs, receivedNs };
  }

  /** A request that must be refused, with one of these codes. */
  async refused(op: string, fields: Fields, ...codes: WorkerErrorCode[]): Promise<void> {
    const reply = await this.#exchange(op, fields);
    if (reply.ok)
      throw new Violation(`${op} was taken where it must be refused: ${shown(JSON.stringify(fields))}.`);
    if (!codes.includes(reply.error.code)) {
      throw new Violation(`${op} was refused as '${reply.error.code}', not as '${codes.join("' or '")}'.`);
    }
  }

  /** A line that is no request. */
  async garbage(line: string): Promise<void> {
    this.peer.send(line);
    const reply = await this.#reply(NO_ID, 'a line that is no request', process.hrtime.bigint());
    if (reply.ok) throw new Violation(`A line that is no request was taken: ${shown(line)}.`);
  }

  #exchange(op: string, fields: Fields): Promise<Reply> {
    this.#id += 1;
    const sentNs = process.hrtime.bigint();
    this.peer.send(JSON.stringify({ id: this.#id, op, ...fields }));
    return this.#reply(this.#id, op, sentNs);
  }

  async #reply(id: number, what: string, sentNs: bigint): Promise<Reply> {
    const line = await this.peer.next(this.#timeoutSeconds);
    if (!line) throw new Violation(`There was no answer to ${what} within ${this.#timeoutSeconds} s.`);
    const given = parse(line.text);
    if (given.id !== id)
      throw new Violation(`${what} was answered with the id ${String(given.id)}, not ${id}.`);
    const { receivedNs } = line;
    if (given.ok === true) return { ok: true, answer: given, sentNs, receivedNs };
    return { ok: false, error: refusalOf(given), sentNs, receivedNs };
  }
}

function parse(line: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    throw new Violation(`Its standard output holds a line that is no answer: ${shown(line)}.`);
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw new Violation(`Its standard output holds a line that is no answer: ${shown(line)}.`);
}

function refusalOf(given: Fields): Refusal {
  const error = given.error as Partial<Refusal> | undefined;
  if (given.ok !== false || !CODES.includes(error?.code as WorkerErrorCode) || !error?.message) {
    throw new Violation(`An answer has neither ok true nor an error with a code and a message.`);
  }
  return error as Refusal;
}
