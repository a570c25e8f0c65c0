import { type ChildProcess, spawn } from 'node:child_process';
import { Lines } from '../worker/lines.js';
import { killGroup } from '../worker/process-group.js';

/** There is one answer to a request, and checks look at what is more. */
const MAX_UNREAD = 10_000;

/** How a process ended. */
export interface End {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** A line, and when it came; CLOCK_MONOTONIC, ns. */
export interface Line {
  text: string;
  receivedNs: bigint;
}

/** A worker's ends as they are: any line can be sent to it, also one that is no request. */
export class LinePeer {
  readonly #child: ChildProcess;
  readonly #ended: Promise<End>;
  readonly #lines: Line[] = [];
  readonly #split = new Lines();
  #wake: () => void = () => undefined;
  #end: End | undefined;

  /** What it writes to its standard error goes to ours where `log` is true. */
  constructor(command: readonly string[], log: boolean) {
    const [program = '', ...args] = command;
    this.#child = spawn(program, args, {
      detached: true,
      stdio: ['pipe', 'pipe', log ? 'inherit' : 'ignore'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => this.#take(text));
    this.#child.stdin?.on('error', () => undefined);
    this.#ended = new Promise((resolve) => {
      const end = (code: number | null, signal: NodeJS.Signals | null) => {
        this.#end = { code, signal };
        this.#wake();
        resolve(this.#end);
      };
      this.#child.once('close', end);
      this.#child.once('error', () => end(null, null));
    });
  }

  send(line: string): void {
    this.#child.stdin?.write(`${line}\n`);
  }

  /** Tells it that no more requests come. */
  hangUp(): void {
    this.#child.stdin?.end();
  }

  /** The next line; undefined where it has ended, or is silent for too long. */
  async next(timeoutSeconds: number): Promise<Line | undefined> {
    const until = Date.now() + timeoutSeconds * 1000;
    while (this.#lines.length === 0 && !this.#end) {
      const left = until - Date.now();
      if (left <= 0) return undefined;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
    return this.#lines.shift();
  }

  /** Lines that nobody has asked for yet. */
  get unread(): readonly Line[] {
    return this.#lines;
  }

  /** How it ended; undefined where it has not within the time. */
  async ended(timeoutSeconds: number): Promise<End | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(() => resolve(undefined), timeoutSeconds * 1000);
    });
    const end = await Promise.race([this.#ended, late]);
    clearTimeout(timer);
    return end;
  }

  async kill(): Promise<void> {
    if (this.#child.pid !== undefined) killGroup(this.#child.pid);
    await this.#ended;
  }

  #take(text: string): void {
    const receivedNs = process.hrtime.bigint();
    for (const line of this.#split.take(text)) this.#lines.push({ text: line, receivedNs });
    // One that floods us is ended, as by the study.
    if (this.#split.endless || this.#lines.length > MAX_UNREAD) void this.kill();
    this.#wake();
  }
}
