// Folders that may not be there.
import { readdirSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** `$XDG_CACHE_HOME/microjoule/NAME`, or the same under `~/.cache`. */
export function cacheFolder(name: string): string {
  const xdg = process.env.XDG_CACHE_HOME;
  // The XDG specification wants relative paths ignored.
  const base = xdg?.startsWith('/') ? xdg : join(homedir(), '.cache');
  return join(base, 'microjoule', name);
}

export function isFolder(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
}

/** Names in it, sorted; none where it cannot be read. */
export function listFolder(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch {
    return [];
  }
}
