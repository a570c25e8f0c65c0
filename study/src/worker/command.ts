import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { environmentOf } from '../runtimes/environment.js';
import type { RunTable, Runtime } from '../types/table.js';

/** Of the package, from src/worker and from dist/worker alike. */
const PACKAGE = join(__dirname, '..', '..');

export interface WorkerCommand {
  program: string;
  args: string[];
  /** Set where the program is not there; what makes it. */
  missing?: { reason: string; remedy: string };
}

export function workerCommand(runtime: Runtime, interpreters: RunTable['interpreters']): WorkerCommand {
  const args =
    runtime === 'onnxruntime'
      ? [join(PACKAGE, 'dist', 'worker', 'onnxruntime.js')]
      : ['-u', join(PACKAGE, 'workers', 'worker.py'), runtime];
  const named = interpreters[runtime];
  const own = runtime === 'onnxruntime' ? process.execPath : environmentOf(runtime)?.interpreter;
  const program = named ?? own;
  if (program === undefined) {
    const reason = `There is no environment of ${runtime} yet.`;
    const remedy = `Run: microjoule-study setup-runtimes ${runtime}`;
    return { program: 'python3', args, missing: { reason, remedy } };
  }
  if (!program.includes('/') || existsSync(program)) return { program, args };
  const reason = `The interpreter of ${runtime} is not there: ${program}.`;
  return { program, args, missing: { reason, remedy: `Correct interpreters.${runtime} in the run table.` } };
}
