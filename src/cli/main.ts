#!/usr/bin/env node
import { MicrojouleError } from '../index.js';
import { infer } from './infer.js';
import { probeCommand } from './probe.js';
import { USAGE } from './usage.js';

const COMMANDS: Record<string, (argv: string[]) => Promise<void>> = { infer, probe: probeCommand };

async function main(argv: string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === '--help' || name === '-h' || name === 'help') {
    process.stdout.write(USAGE);
    return name === undefined ? 2 : 0;
  }
  if (name === '--version') {
    process.stdout.write(`${(require('../../package.json') as { version: string }).version}\n`);
    return 0;
  }
  const command = COMMANDS[name];
  if (!command) {
    process.stderr.write(
      `microjoule: there is no command '${name}'.\nCommands: ${Object.keys(COMMANDS).join(', ')}.\n`,
    );
    return 2;
  }
  if (rest.includes('--help')) {
    process.stdout.write(USAGE);
    return 0;
  }
  await command(rest);
  return 0;
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    if (!isOurs(error)) throw error;
    process.stderr.write(`microjoule: ${error.message}\n`);
    if (error.remedy) process.stderr.write(`${error.remedy}\n`);
    process.stderr.write(`[${error.code}]\n`);
    process.exitCode = error.code === 'invalid-argument' ? 2 : 1;
  },
);

// Errors of the bundled models workspace have the same shape but not the same class.
function isOurs(error: unknown): error is MicrojouleError {
  return error instanceof MicrojouleError || (error instanceof Error && 'code' in error && 'remedy' in error);
}
