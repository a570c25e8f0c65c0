// The worker's side of the protocol: requests on standard input, one answer to each on standard output.
import { writeSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Answers, WorkerErrorCode, WorkerRequest } from '../types/protocol.js';

export class RequestError extends Error {
  constructor(
    readonly code: WorkerErrorCode,
    message: string,
  ) {
    super(message);
  }
}

export type Handlers = {
  [Op in keyof Answers]: (request: Extract<WorkerRequest, { op: Op }>) => Promise<Answers[Op]>;
};

/** Of the answer to a line that has none. */
const NO_ID = -1;

/** Serves until `close`, or until nobody asks any more. */
export async function serve(handlers: Handlers): Promise<void> {
  for await (const line of createInterface({ input: process.stdin })) {
    const request = parsed(line);
    if (!request) {
      answer({
        id: NO_ID,
        ok: false,
        error: { code: 'invalid-request', message: 'The line is no request.' },
      });
      continue;
    }
    answer({ id: request.id, ...(await handled(handlers, request)) });
    if (request.op === 'close') return;
  }
}

function parsed(line: string): (WorkerRequest & { id: number }) | undefined {
  try {
    const request = JSON.parse(line) as (WorkerRequest & { id: number }) | null;
    return typeof request?.id === 'number' ? request : undefined;
  } catch {
    return undefined;
  }
}

async function handled(handlers: Handlers, request: WorkerRequest): Promise<object> {
  try {
    const handler = handlers[request.op] as ((given: WorkerRequest) => Promise<object>) | undefined;
    if (!handler) throw new RequestError('invalid-request', `There is no request '${String(request.op)}'.`);
    return { ok: true, ...(await handler(request)) };
  } catch (error) {
    const { message, stack } = error as Error;
    process.stderr.write(`${stack ?? message}\n`);
    return { ok: false, error: { code: codeOf(error), message } };
  }
}

function codeOf(error: unknown): WorkerErrorCode {
  if (error instanceof RequestError) return error.code;
  switch ((error as { code?: string }).code) {
    case 'provider-unavailable':
      return 'impossible';
    case 'library-not-found':
    case 'ort-version':
      return 'not-installed';
    case 'out-of-memory':
      return 'out-of-memory';
    case 'invalid-argument':
      return 'invalid-request';
    default:
      return 'failed';
  }
}

/** At once and whole: standard output may be a pipe that takes a part only. */
function answer(value: object): void {
  const bytes = Buffer.from(`${JSON.stringify(value)}\n`);
  for (let written = 0; written < bytes.length; ) {
    try {
      written += writeSync(1, bytes, written);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
  }
}
