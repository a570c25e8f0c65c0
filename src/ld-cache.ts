// The folders that ldconfig has found NVIDIA's libraries in, from its cache.
import { dirname } from 'node:path';

// glibc's dl-cache.h: this magic, the number of entries, and more, 48 bytes; then entries of 24 bytes of which the
// second and third word are the offsets of name and path from the magic on. An older table may stand before it.
const MAGIC = 'glibc-ld.so.cache1.1';
const HEADER = 48;
const ENTRY = 24;

/** In the cache's order, each once; none where this is no such cache. */
export function cachedFolders(cache: Buffer): string[] {
  const start = cache.indexOf(MAGIC);
  if (start < 0 || cache.length < start + HEADER) return [];
  const table = cache.subarray(start);
  const entries = Math.min(table.readUInt32LE(MAGIC.length), Math.floor((table.length - HEADER) / ENTRY));
  const folders = new Set<string>();
  for (let i = 0; i < entries; i++) {
    const at = HEADER + i * ENTRY;
    const name = textAt(table, table.readUInt32LE(at + 4));
    if (/^lib(cu|nv)/.test(name)) folders.add(dirname(textAt(table, table.readUInt32LE(at + 8))));
  }
  return [...folders];
}

function textAt(table: Buffer, offset: number): string {
  const end = table.indexOf(0, offset);
  return end < 0 ? '' : table.toString('utf8', offset, end);
}
