import { analyseCommand, reportCommand } from './cli/analyse.js';
import { cell } from './cli/cell.js';
import { conformance } from './cli/conformance.js';
import { doctor } from './cli/doctor.js';
import { emit } from './cli/emit.js';
import { init } from './cli/init.js';
import { merge } from './cli/merge.js';
import { plan } from './cli/plan.js';
import { resume, run } from './cli/run.js';
import { setupRuntimes } from './cli/setup-runtimes.js';
import { status } from './cli/status.js';
import { USAGE } from './cli/usage.js';
import { versions } from './version.js';

/** A command gives its exit code. */
const COMMANDS: Record<string, (argv: string[]) => Promise<number>> = {
  init,
  plan,
  doctor,
  run,
  resume,
  status,
  analyse: analyseCommand,
  report: reportCommand,
  merge,
  cell,
  emit,
  'setup-runtimes': setupRuntimes,
  conformance,
};

async function main([name, ...rest]: string[]): Promise<number> {
  if (
    name === undefined ||
    name === 'help' ||
    name === '-h' ||
    name === '--help' ||
    rest.includes('--help')
  ) {
    process.stdout.write(USAGE);
    return name === undefined ? 2 : 0;
  }
  if (name === '--version') {
    process.stdout.write(`${versions()['microjoule-study']}\n`);
    return 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) {
    process.stderr.write(
      `microjoule-study: there is no command '${name}'.\nCommands: ${Object.keys(COMMANDS).join(', ')}.\n`,
    );
    return 2;
  }
  return command(rest);
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    process.exitCode = 1;
    if (isSystem(error)) {
      process.stderr.write(`microjoule-study: ${error.message}.\n`);
      return;
    }
    if (!isOurs(error)) throw error;
    process.stderr.write(`microjoule-study: ${error.message}\n`);
    if (error.remedy) process.stderr.write(`${error.remedy}\n`);
    if (error.code === 'invalid-argument') process.exitCode = 2;
  },
);

/** Of the library and of the models, whose class is another. */
function isOurs(error: unknown): error is Error & { code: string; remedy?: string } {
  return error instanceof Error && 'code' in error && 'remedy' in error;
}

/** A file that could not be read or written: the message of the system names it and says why. */
function isSystem(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && 'syscall' in error && 'errno' in error;
}
