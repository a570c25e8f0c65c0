export type * from './types/journal.js';
export type * from './types/protocol.js';
export type * from './types/table.js';
