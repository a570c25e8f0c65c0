// Where the libraries of CUDA, cuDNN and TensorRT are looked for, in order. docs/providers.md says why in this order.
import { readFileSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { text } from './check-options.js';
import { invalidArgument } from './errors.js';
import { isFolder, listFolder } from './folders.js';
import { cachedFolders } from './ld-cache.js';
import { pythonFolders } from './python-folders.js';

/** What is read; a test gives its own. */
export interface Places {
  env: { readonly [name: string]: string | undefined };
  /** In front of absolute paths of the system: '' on the machine itself. */
  root: string;
}

export interface LibraryFolder {
  folder: string;
  /** Why it is looked in. */
  source: 'option' | 'onnxruntime' | 'LD_LIBRARY_PATH' | 'python' | 'cuda' | 'ldconfig' | 'system';
}

/** Folders that there are, each once. `runtime`: the folder of ONNX Runtime's library; `given`: checked by `readLibraryFolders`. */
export function libraryFolders(
  given: readonly string[],
  runtime: string,
  places: Places = { env: process.env, root: '' },
): LibraryFolder[] {
  const { env, root } = places;
  const candidates: [LibraryFolder['source'], readonly string[]][] = [
    ['option', given],
    ['onnxruntime', [runtime]],
    ['LD_LIBRARY_PATH', (env.LD_LIBRARY_PATH ?? '').split(/[:;]/).filter(isAbsolute)],
    ['python', pythonFolders(places)],
    ['cuda', [...homes(env), ...cudaFolders(root)]],
    ['ldconfig', cachedFolders(bytesOf(join(root, '/etc/ld.so.cache'))).map((folder) => root + folder)],
    ['system', SYSTEM.map((folder) => root + folder)],
  ];
  const seen = new Map<string, LibraryFolder>();
  for (const [source, folders] of candidates) {
    for (const folder of folders) {
      if (!seen.has(folder) && isFolder(folder)) seen.set(folder, { folder, source });
    }
  }
  return [...seen.values()];
}

/** The option `libraryFolders`. A folder that is not there is an error: it was meant to hold something. */
export function readLibraryFolders(value: unknown): string[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw invalidArgument('libraryFolders must be an array of folders.');
  return value.map((entry) => {
    const folder = resolve(text('An entry of libraryFolders', entry));
    if (entry === '' || !isFolder(folder))
      throw invalidArgument(`libraryFolders: there is no folder '${entry}'.`);
    return folder;
  });
}

const GNU = process.arch === 'arm64' ? 'aarch64-linux-gnu' : 'x86_64-linux-gnu';
const SYSTEM = [`/usr/lib/${GNU}`, `/lib/${GNU}`, '/usr/lib64', '/lib64', '/usr/lib', '/usr/local/lib'];

function homes({ CUDA_HOME, CUDA_PATH }: Places['env']): string[] {
  return [CUDA_HOME, CUDA_PATH].flatMap((home) => (home ? [join(home, 'lib64')] : []));
}

/** Of /usr/local/cuda, the machine's choice, first; then of the others, the newest first. */
function cudaFolders(root: string): string[] {
  const local = join(root, '/usr/local');
  return listFolder(local)
    .filter((name) => /^cuda(-\d.*)?$/.test(name))
    .sort((a, b) => (a === 'cuda' ? -1 : b === 'cuda' ? 1 : b.localeCompare(a, 'en', { numeric: true })))
    .flatMap((name) => {
      const home = join(local, name);
      const targets = join(home, 'targets');
      return [join(home, 'lib64'), ...listFolder(targets).map((target) => join(targets, target, 'lib'))];
    });
}

function bytesOf(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch {
    return Buffer.alloc(0);
  }
}
