import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ioFailure } from '../refuse.js';
import type { Runtime } from '../types/table.js';

/** Of the package, from src/runtimes and from dist/runtimes alike. */
const FOLDER = join(__dirname, '..', '..', 'requirements');

/** Those that run in Python; ONNX Runtime runs through the library. */
export const PYTHON_RUNTIMES = ['pytorch', 'tensorflow', 'mxnet'] as const satisfies readonly Runtime[];
export type PythonRuntime = (typeof PYTHON_RUNTIMES)[number];

export const VARIANTS = ['cpu', 'cuda'] as const;
export type Variant = (typeof VARIANTS)[number];

export interface Requirements {
  path: string;
  /** Versions of Python that the pinned wheels exist for: '3.11'; the best one first. */
  pythons: string[];
  /** 'numpy==2.4.6', all that is installed: nothing is resolved. */
  pins: string[];
  /** Of the file. */
  hash: string;
}

export function requirementsOf(runtime: PythonRuntime, variant: Variant): Requirements {
  const path = join(FOLDER, `${runtime}-${variant}.txt`);
  if (!existsSync(path))
    throw ioFailure(`${path} is missing from the package.`, 'Install microjoule-study again.');
  const text = readFileSync(path, 'utf8');
  const pythons = /^# python: (.*)$/m.exec(text)?.[1]?.split(' ') ?? [];
  const pins = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  return { path, pythons, pins, hash: createHash('sha256').update(text).digest('hex').slice(0, 12) };
}
