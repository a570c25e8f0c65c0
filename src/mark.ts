import type { Mark } from './types/energy.js';

/** Now, in ns of CLOCK_MONOTONIC. It is `process.hrtime.bigint` itself, so it costs no more. */
export const mark: () => Mark = process.hrtime.bigint;
