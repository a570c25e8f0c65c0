import { MicrojouleError } from 'microjoule';

/** An argument or a file of the user's that cannot be taken: exit code 2. */
export function refuse(message: string, remedy?: string): MicrojouleError {
  return new MicrojouleError('invalid-argument', message, remedy);
}

/** What could not be read or written. */
export function ioFailure(message: string, remedy?: string): MicrojouleError {
  return new MicrojouleError('io-failure', message, remedy);
}

const REASONS: Record<string, string> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the quota is used up',
  EFBIG: 'the file may not grow any more',
  EROFS: 'the disk is read-only',
  EACCES: 'permission denied',
};

export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  return REASONS[code ?? ''] ?? message;
}

export const MAKE_ROOM = 'Make room, then start again: a study goes on where it was.';

const NO_ROOM = ['ENOSPC', 'EDQUOT', 'EFBIG'];

/** Where room is what is missing. */
export function roomRemedy(error: unknown): string | undefined {
  return NO_ROOM.includes((error as NodeJS.ErrnoException).code ?? '') ? MAKE_ROOM : undefined;
}

/** The system's own error names the file only where it was opened. */
export function cannotWrite(path: string, error: unknown, whatHolds = ''): MicrojouleError {
  return ioFailure(`${path} cannot be written (${reasonOf(error)})${whatHolds}.`, roomRemedy(error));
}

export function writing<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw cannotWrite(path, error);
  }
}
