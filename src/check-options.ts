// Checks of option values, each with the option's name in the error.
import { invalidArgument } from './errors.js';

/** Throws where an object has a key that is not in the list: a misspelt option would be ignored in silence. */
export function checkKeys(what: string, options: object, known: readonly string[]): void {
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) {
      throw invalidArgument(`There is no ${what} '${key}'.`, `Known: ${known.join(', ')}.`);
    }
  }
}

export function wholeNumber(name: string, value: unknown, min = 0, max = Number.MAX_SAFE_INTEGER): number {
  if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
    const bounds = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
    throw invalidArgument(`${name} must be a whole number ${bounds}, not ${String(value)}.`);
  }
  return value as number;
}

export function finiteNumber(name: string, value: unknown, min = 0): number {
  if (typeof value !== 'number' || !Number.isFinite(value) || value < min) {
    throw invalidArgument(`${name} must be a number of at least ${min}, not ${String(value)}.`);
  }
  return value;
}

export function text(name: string, value: unknown): string {
  if (typeof value !== 'string' || value.includes('\0')) throw invalidArgument(`${name} must be a string.`);
  return value;
}

export function truth(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean')
    throw invalidArgument(`${name} must be true or false, not ${String(value)}.`);
  return value;
}

export function choice<T>(name: string, value: unknown, choices: Readonly<Record<string, T>>): T {
  const found = typeof value === 'string' && Object.hasOwn(choices, value) ? choices[value] : undefined;
  if (found === undefined) {
    throw invalidArgument(`${name} must be one of ${Object.keys(choices).join(', ')}, not ${String(value)}.`);
  }
  return found;
}

export function plainObject(name: string, value: unknown): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalidArgument(`${name} must be an object.`);
  }
  return value as Record<string, unknown>;
}

/** Nested objects as ONNX Runtime's dotted keys: { session: { a: 1 } } is session.a = '1'. */
export function flattenConfig(name: string, extra: unknown): { keys: string[]; values: string[] } {
  const keys: string[] = [];
  const values: string[] = [];
  const visit = (prefix: string, object: Record<string, unknown>): void => {
    for (const [key, value] of Object.entries(object)) {
      const path = prefix === '' ? key : `${prefix}.${key}`;
      if (typeof value === 'object' && value !== null) visit(path, plainObject(`${name}.${path}`, value));
      else {
        keys.push(path);
        values.push(configValue(`${name}.${path}`, value));
      }
    }
  };
  visit('', plainObject(name, extra));
  return { keys, values };
}

/** A value as ONNX Runtime reads it: everything is a string, truth is 1 or 0. */
export function configValue(name: string, value: unknown): string {
  if (typeof value === 'string') return text(name, value);
  if (typeof value === 'boolean') return value ? '1' : '0';
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isFinite(value)))
    return String(value);
  throw invalidArgument(`${name} must be a string, a number or a boolean, not ${String(value)}.`);
}
