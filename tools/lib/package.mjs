import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { must, root } from './run.mjs';

const PREBUILD = `prebuilds/linux-${process.arch}/microjoule.glibc.node`;

/** Nothing of the npm run that we are in may leak into another project's. */
const cleanEnv = Object.fromEntries(
  Object.keys(process.env)
    .filter((name) => name.startsWith('npm_'))
    .map((name) => [name, undefined]),
);

const npm = (args, cwd) => must('npm', args, { cwd, env: cleanEnv });

/** A folder of its own outside the repository, removed by `remove`. */
export function scratchFolder() {
  const path = mkdtempSync(join(tmpdir(), 'microjoule-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** npm pack of what a release would hold: this tree and, unless told otherwise, the addon just built as its prebuild. */
export function pack(scratch, { prebuild = true } = {}) {
  const stage = join(scratch, 'stage');
  const top = ['package.json', 'README.md', 'LICENSE', 'CHANGELOG.md', 'CMakeLists.txt', 'binding.gyp'];
  // src, test and tools are there to be left out.
  for (const name of [...top, 'native', 'dist', 'src', 'test', 'tools']) {
    cpSync(join(root, name), join(stage, name), { recursive: true });
  }
  if (prebuild) {
    mkdirSync(dirname(join(stage, PREBUILD)), { recursive: true });
    must('strip', ['-o', join(stage, PREBUILD), join(root, 'build/Release/microjoule.node')]);
  }
  const [{ filename, size, files }] = JSON.parse(npm(['pack', '--json', '--ignore-scripts'], stage));
  return { tarball: join(stage, filename), size, files: files.map(({ path }) => path).sort() };
}

/** Installs the tarball as a user would, without scripts. The one dependency comes from our own tree: no network. */
export function installPacked(tarball, project) {
  mkdirSync(project, { recursive: true });
  const [{ filename }] = JSON.parse(
    npm(['pack', '--json', join(root, 'node_modules/node-gyp-build')], project),
  );
  const dependencies = { microjoule: `file:${tarball}`, 'node-gyp-build': `file:${filename}` };
  writeFileSync(
    join(project, 'package.json'),
    JSON.stringify({ name: 'consumer', private: true, dependencies }),
  );
  npm(['install', '--offline', '--ignore-scripts', '--no-audit', '--no-fund'], project);
}
