import { MicrojouleError } from 'microjoule';

/** An argument or a file of the user's that cannot be taken: exit code 2. */
export function refuse(message: string, remedy?: string): MicrojouleError {
  return new MicrojouleError('invalid-argument', message, remedy);
}

/** What could not be read or written. */
export function ioFailure(message: string, remedy?: string): MicrojouleError {
  return new MicrojouleError('io-failure', message, remedy);
}
