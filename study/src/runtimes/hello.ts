import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ioFailure } from '../refuse.js';
import type { HelloAnswer } from '../types/protocol.js';
import type { Runtime } from '../types/table.js';
import { Worker } from '../worker/client.js';
import { workerCommand } from '../worker/command.js';

/** The first import of a framework from a cold disk, with its bytecode to write. */
const TIMEOUT_SECONDS = 600;

/** What the worker of a runtime says of itself under an interpreter; throws with its log where it cannot. */
export async function helloOf(runtime: Runtime, interpreter: string): Promise<HelloAnswer> {
  const folder = mkdtempSync(join(tmpdir(), 'microjoule-hello-'));
  try {
    const { program, args } = workerCommand(runtime, { [runtime]: interpreter });
    const worker = await Worker.start({ program, args, cwd: folder, log: join(folder, 'log') });
    try {
      const { answer } = await worker.request<'hello'>({ op: 'hello', protocol: 1 }, TIMEOUT_SECONDS);
      await worker.close(TIMEOUT_SECONDS);
      return answer;
    } catch (error) {
      const log = worker.logTail().map((line) => `\n  ${line}`);
      throw ioFailure(`${interpreter} does not serve ${runtime}: ${(error as Error).message}${log.join('')}`);
    } finally {
      await worker.killed();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
