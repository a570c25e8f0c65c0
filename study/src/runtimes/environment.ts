// Where environments are, and which interpreter a runtime has: a small file per runtime, written when all else is done.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Runtime } from '../types/table.js';
import type { Variant } from './requirements.js';

export interface Environment {
  interpreter: string;
  /** 'named': an interpreter of the user's. */
  variant: Variant | 'named';
  /** As the worker told them when it was set up. */
  versions: Record<string, string>;
  megabytes: number | null;
  madeAt: string;
}

/** Default folder of the environments. */
export function environmentsFolder(): string {
  const xdg = process.env.XDG_CACHE_HOME;
  // The XDG specification wants relative paths ignored.
  const base = xdg?.startsWith('/') ? xdg : join(homedir(), '.cache');
  return join(base, 'microjoule', 'runtimes');
}

const pointer = (runtime: Runtime): string => join(environmentsFolder(), `${runtime}.json`);

/** What setup-runtimes has left for a runtime; undefined where there is nothing, or it is gone. */
export function environmentOf(runtime: Runtime): Environment | undefined {
  try {
    const found = JSON.parse(readFileSync(pointer(runtime), 'utf8')) as Environment;
    return typeof found.interpreter === 'string' && existsSync(found.interpreter) ? found : undefined;
  } catch {
    return undefined;
  }
}

/** In one step: who reads it finds the one before or this one. */
export function remember(runtime: Runtime, environment: Environment): void {
  mkdirSync(environmentsFolder(), { recursive: true });
  const temporary = `${pointer(runtime)}.${process.pid}.tmp`;
  writeFileSync(temporary, `${JSON.stringify(environment, null, 2)}\n`);
  renameSync(temporary, pointer(runtime));
}
