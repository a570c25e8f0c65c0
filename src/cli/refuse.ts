import { MicrojouleError } from '../index.js';

export function invalidArgument(message: string, remedy?: string): MicrojouleError {
  return new MicrojouleError('invalid-argument', message, remedy);
}
