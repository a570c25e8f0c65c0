import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach } from 'vitest';

/** A cache folder of each test's own: what was calibrated on this machine is none of its business. */
export function privateCache(): void {
  const before = process.env.XDG_CACHE_HOME;
  const folders: string[] = [];
  beforeEach(() => {
    const folder = mkdtempSync(join(tmpdir(), 'mj-cache-'));
    folders.push(folder);
    process.env.XDG_CACHE_HOME = folder;
  });
  afterEach(() => {
    if (before === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = before;
  });
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });
}
