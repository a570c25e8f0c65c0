// Which ONNX Runtime to open: always the very file that the application's own onnxruntime-node uses.
import { readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { MicrojouleError } from './errors.js';
import { listFolder } from './folders.js';

const LIBRARY = 'libonnxruntime.so.1';
const PACKAGE = 'onnxruntime-node';
const REMEDY = 'npm i onnxruntime-node, or give its folder as the option onnxruntime.';

/**
 * Path of the library: of `explicit` (the folder of an onnxruntime-node, or the file itself), else of the one that the
 * process has loaded already, else as found from this package and from the working directory.
 */
export function locateRuntime(
  explicit?: string,
  starts: readonly string[] = [__dirname, process.cwd()],
): string {
  if (explicit !== undefined) return locateExplicit(explicit);
  const loaded = loadedRuntime();
  if (loaded !== undefined) return loaded;
  for (const start of starts) {
    const library = locateFrom(start);
    if (library !== undefined) return library;
  }
  throw new MicrojouleError(
    'library-not-found',
    `onnxruntime-node was found neither from ${starts.join(' nor from ')}.`,
    REMEDY,
  );
}

function locateExplicit(given: string): string {
  const path = resolve(given);
  const kind = kindOf(path);
  if (kind === 'file') return path;
  const library = kind === 'folder' ? libraryIn(path) : undefined;
  if (library !== undefined) return library;
  throw new MicrojouleError(
    'library-not-found',
    kind === 'folder'
      ? `There is no ${LIBRARY} for linux-${process.arch} in ${path}.`
      : `There is no file or folder ${path}.`,
    REMEDY,
  );
}

/** A second ONNX Runtime cannot be opened beside one that is loaded, so a loaded one decides. */
function loadedRuntime(): string | undefined {
  let maps: string;
  try {
    maps = readFileSync('/proc/self/maps', 'utf8');
  } catch {
    return undefined;
  }
  const path = /\s(\/.*\/libonnxruntime\.so[^/\n]*)$/m.exec(maps)?.[1];
  return path !== undefined && kindOf(path) === 'file' ? path : undefined;
}

function locateFrom(start: string): string | undefined {
  const folder = packageFolder(PACKAGE, start);
  if (folder !== undefined) {
    const library = libraryIn(folder);
    if (library !== undefined) return library;
  }
  // The binaries in a package of their own for each platform.
  const split = packageFolder(`${PACKAGE}-linux-${process.arch}`, folder ?? start);
  return split === undefined ? undefined : libraryIn(split);
}

/** Node's own resolution, which knows npm's, pnpm's and workspaces' layouts. */
function packageFolder(name: string, start: string): string | undefined {
  try {
    return dirname(createRequire(join(start, 'noop.js')).resolve(`${name}/package.json`));
  } catch {
    return undefined;
  }
}

function libraryIn(folder: string): string | undefined {
  const candidates = [join(folder, LIBRARY)];
  const newestFirst = (a: string, b: string) => b.localeCompare(a, 'en', { numeric: true });
  for (const bin of listFolder(join(folder, 'bin')).sort(newestFirst)) {
    if (bin.startsWith('napi-v')) candidates.push(join(folder, 'bin', bin, 'linux', process.arch, LIBRARY));
  }
  return candidates.find((candidate) => kindOf(candidate) === 'file');
}

function kindOf(path: string): 'file' | 'folder' | 'none' {
  try {
    return statSync(path).isDirectory() ? 'folder' : 'file';
  } catch {
    return 'none';
  }
}
