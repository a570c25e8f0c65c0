// The key of a cached engine: what it depends on, in one order, hashed.
import { createHash } from 'node:crypto';
import type { EngineKeyParts } from '../types/engine.js';

const KEY_DIGITS = 32;

export function engineKey(parts: EngineKeyParts): string {
  return createHash('sha256').update(canonical(parts)).digest('hex').slice(0, KEY_DIGITS);
}

/** JSON with the keys of every object sorted. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${canonical(one)}`).join(',')}}`;
}
