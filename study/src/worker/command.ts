import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Runtime, RunTable } from '../types/table.js';

/** Of the package, from src/worker and from dist/worker alike. */
const PACKAGE = join(__dirname, '..', '..');

export interface WorkerCommand {
  program: string;
  args: string[];
  /** Set where the program is not there; what makes it. */
  missing?: { reason: string; remedy: string };
}

/** Where setup-runtimes makes the environments. */
export function environmentFolder(runtime: Runtime): string {
  const xdg = process.env.XDG_DATA_HOME;
  // The XDG specification wants relative paths ignored.
  const base = xdg?.startsWith('/') ? xdg : join(homedir(), '.local', 'share');
  return join(base, 'microjoule', 'runtimes', runtime);
}

export function workerCommand(runtime: Runtime, interpreters: RunTable['interpreters']): WorkerCommand {
  const script =
    runtime === 'onnxruntime'
      ? join(PACKAGE, 'dist', 'worker', 'onnxruntime.js')
      : join(PACKAGE, 'workers', `${runtime}.py`);
  const named = interpreters[runtime];
  const own = runtime === 'onnxruntime' ? process.execPath : join(environmentFolder(runtime), 'bin', 'python');
  const program = named ?? own;
  return {
    program,
    args: runtime === 'onnxruntime' ? [script] : ['-u', script],
    ...(program.includes('/') && !existsSync(program)
      ? {
          missing: {
            reason: `The interpreter of ${runtime} is not there: ${program}.`,
            remedy: named
              ? `Correct interpreters.${runtime} in the run table.`
              : `Run: microjoule-study setup-runtimes ${runtime}`,
          },
        }
      : {}),
  };
}
