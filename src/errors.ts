/**
 * Every code a {@link MicrojouleError} can carry. The same list stands in `native/base/status.h`;
 * a test compares the two.
 */
export const ERROR_CODES = [
  'unsupported-platform',
  'library-not-found',
  'ort-version',
  'provider-unavailable',
  'permission-denied',
  'counter-lost',
  'invalid-argument',
  'invalid-model',
  'session-released',
  'meter-closed',
  'out-of-memory',
  'out-of-device-memory',
  'device-lost',
  'driver-failure',
  'ort-failure',
  'io-failure',
  'timeout',
  'aborted',
  'not-supported',
  'internal',
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

/** The one error class of this package: one sentence, a code to branch on, and what mends it. */
export class MicrojouleError extends Error {
  readonly code: ErrorCode;
  /** What to do about it: a command, an option, or a sentence. */
  readonly remedy: string | undefined;

  constructor(code: ErrorCode, message: string, remedy?: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'MicrojouleError';
    this.code = code;
    this.remedy = remedy;
  }
}

export function invalidArgument(message: string, remedy?: string): MicrojouleError {
  return new MicrojouleError('invalid-argument', message, remedy);
}
