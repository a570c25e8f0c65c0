import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { root } from './run.mjs';

/** Every file below the given paths (files or folders, relative to the root), sorted; absent paths are passed over. */
export function filesUnder(paths, { skip = () => false } = {}) {
  const found = [];
  const visit = (path) => {
    if (skip(relative(root, path))) return;
    if (!existsSync(path)) return;
    if (!statSync(path).isDirectory()) {
      found.push(path);
      return;
    }
    for (const name of readdirSync(path)) visit(join(path, name));
  };
  for (const path of paths) visit(join(root, path));
  return found.sort();
}

/** SHA-256 over names and contents, and over `extra` (flags, versions). */
export function hashOf(files, extra = '') {
  const hash = createHash('sha256').update(extra);
  for (const file of files) {
    hash.update(`\0${relative(root, file)}\0`);
    hash.update(readFileSync(file));
  }
  return hash.digest('hex');
}

/** What a finished step left: its stamp file holds the hash of its inputs, and its outputs exist. */
export function isFresh({ stamp, outputs, hash }) {
  const path = join(root, stamp);
  return (
    existsSync(path) &&
    readFileSync(path, 'utf8').trim() === hash &&
    outputs.every((output) => existsSync(join(root, output)))
  );
}

export function writeStamp({ stamp, hash }) {
  const path = join(root, stamp);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `${hash}\n`);
}
