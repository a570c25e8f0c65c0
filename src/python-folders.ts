// NVIDIA's wheels in the Python environments that are in use here. No Python is run.
import { accessSync, constants } from 'node:fs';
import { dirname, isAbsolute, join } from 'node:path';
import { isFolder, listFolder } from './folders.js';
import type { Places } from './library-folders.js';

/** Folders of libraries: of wheels (`nvidia/NAME/lib`, `tensorrt_libs`, the plugin's), and of conda environments themselves. */
export function pythonFolders({ env, root }: Places): string[] {
  const folders = prefixes({ env, root }).flatMap((prefix) => sitePackages(prefix).flatMap(wheelFolders));
  if (env.CONDA_PREFIX) folders.push(join(env.CONDA_PREFIX, 'lib'));
  return folders;
}

/** The environment that is activated, the one of the python3 that a shell would start, then the user's and the system's. */
function prefixes({ env, root }: Places): string[] {
  const python = pythonOnPath(env.PATH);
  return [
    env.VIRTUAL_ENV,
    env.CONDA_PREFIX,
    // The link in an environment's bin is not followed: its target is the Python that it was made from.
    python === undefined ? undefined : dirname(dirname(python)),
    env.HOME ? join(env.HOME, '.local') : undefined,
    join(root, '/usr/local'),
    join(root, '/usr'),
  ].filter((prefix): prefix is string => prefix !== undefined && prefix !== '');
}

function pythonOnPath(path = ''): string | undefined {
  return path
    .split(':')
    .filter(isAbsolute)
    .flatMap((folder) => ['python3', 'python'].map((name) => join(folder, name)))
    .find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return !isFolder(path);
  } catch {
    return false;
  }
}

/** Newest Python first; Debian's own packages lie in dist-packages. */
function sitePackages(prefix: string): string[] {
  return ['lib', 'lib64'].flatMap((lib) =>
    listFolder(join(prefix, lib))
      .filter((name) => /^python3(\.\d+)?$/.test(name))
      .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }))
      .flatMap((name) => ['site-packages', 'dist-packages'].map((kind) => join(prefix, lib, name, kind))),
  );
}

function wheelFolders(site: string): string[] {
  const nvidia = join(site, 'nvidia');
  const others = ['tensorrt_libs', 'onnxruntime_ep_nv_tensorrt_rtx'];
  return [
    ...listFolder(nvidia).map((name) => join(nvidia, name, 'lib')),
    ...others.map((name) => join(site, name)),
  ];
}
