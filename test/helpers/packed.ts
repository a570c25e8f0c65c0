import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { mustRun, root } from './child.js';

export interface Packed {
  tarball: string;
  size: number;
  files: string[];
}

/** Nothing of the caller's npm run may leak into ours. */
const npmEnv = Object.fromEntries(
  Object.keys(process.env)
    .map((name) => [name, undefined])
    .filter(([name]) => String(name).startsWith('npm_')),
);

export function scratchFolder(): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), 'microjoule-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Packs what a release would: this tree, with the addon just built as its prebuild. */
export function pack(scratch: string): Packed {
  const stage = join(scratch, 'stage');
  const copied = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'CMakeLists.txt', 'binding.gyp'];
  for (const name of [...copied, 'native', 'src', 'dist', 'test', 'tools']) {
    cpSync(join(root, name), join(stage, name), { recursive: true });
  }
  const prebuild = join(stage, `prebuilds/linux-${process.arch}/microjoule.glibc.node`);
  mkdirSync(dirname(prebuild), { recursive: true });
  mustRun('strip', ['-o', prebuild, join(root, 'build/Release/microjoule.node')], root);
  const [result] = JSON.parse(mustRun('npm', ['pack', '--json', '--ignore-scripts'], stage, npmEnv)) as {
    filename: string;
    size: number;
    files: { path: string }[];
  }[];
  if (!result) throw new Error('npm pack printed no result');
  const files = result.files.map(({ path }) => path).sort();
  return { tarball: join(stage, result.filename), size: result.size, files };
}

/** Installs the tarball as a user would, without scripts; the one dependency comes from our own tree, so no network is used. */
export function install(tarball: string, project: string): void {
  mkdirSync(project, { recursive: true });
  const [dependency] = JSON.parse(
    mustRun('npm', ['pack', '--json', join(root, 'node_modules/node-gyp-build')], project, npmEnv),
  ) as { filename: string }[];
  const dependencies = { microjoule: `file:${tarball}`, 'node-gyp-build': `file:${dependency?.filename}` };
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({ name: 'consumer', private: true, dependencies }),
  );
  mustRun('npm', ['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund'], project, npmEnv);
}
