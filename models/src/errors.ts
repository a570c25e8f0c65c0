/** The codes of microjoule's closed list that this package uses; the class has the same shape as its errors. */
export type ModelsErrorCode =
  | 'invalid-argument'
  | 'io-failure'
  | 'permission-denied'
  | 'aborted'
  | 'internal';

/** One sentence, a code to branch on, and what mends it. */
export class ModelsError extends Error {
  readonly code: ModelsErrorCode;
  readonly remedy: string | undefined;

  constructor(code: ModelsErrorCode, message: string, remedy?: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'ModelsError';
    this.code = code;
    this.remedy = remedy;
  }
}

/** The system's error code (`ENOSPC`, …) of a failed file operation. */
export function systemCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** Says what a failed write means to the user: the file system's own words are kept as the cause. */
export function writeFailure(error: unknown, path: string): ModelsError {
  if (error instanceof ModelsError) return error;
  const code = systemCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') {
    return new ModelsError(
      'io-failure',
      `The disk is full or a file size limit was reached while writing ${path}; nothing of the model was kept.`,
      'Free some space (BERT-base takes 440 MB, ResNet-50 103 MB), or choose another folder.',
      { cause: error },
    );
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'EROFS') {
    return new ModelsError(
      'permission-denied',
      `${path} cannot be written (${code}).`,
      'Choose another folder.',
      {
        cause: error,
      },
    );
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new ModelsError('io-failure', `Writing ${path} failed: ${reason}.`, undefined, { cause: error });
}

export function checkRange(what: string, value: number, least: number, most: number): void {
  if (Number.isInteger(value) && value >= least && value <= most) return;
  throw new ModelsError(
    'invalid-argument',
    `${what} is ${value}.`,
    `Give a whole number from ${least} to ${most}.`,
  );
}
