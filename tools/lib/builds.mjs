import { cpSync, existsSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { nodesToTest } from './nodes.mjs';
import { installPacked, pack, scratchFolder } from './package.mjs';
import { Failure, must, root, tool } from './run.mjs';

/** Uses the addon of a package on every Node of the suite, and says where it lay. */
function load(packageFolder) {
  const source = `
    const { probe } = require(${JSON.stringify(packageFolder)});
    probe({ timing: false }).then(() => {
      const addons = process.report.getReport().sharedObjects.filter((file) => /microjoule.*\\.node$/.test(file));
      if (addons.length !== 1) throw new Error('loaded: ' + addons.join(', '));
      console.log(addons[0]);
    });
  `;
  for (const { path, version } of nodesToTest()) {
    console.log(`Node ${version}: ${must(path, ['--eval', source], { cwd: packageFolder }).trim()}`);
  }
}

function withScratch(body) {
  const scratch = scratchFolder();
  try {
    return body(scratch.path);
  } finally {
    scratch.remove();
  }
}

/** Headers lie beside Node where it came from its own archive or from Debian; elsewhere node-gyp fetches them. */
function nodeGyp(folder, ...options) {
  const nodeDir = join(dirname(process.execPath), '..');
  const headers = existsSync(join(nodeDir, 'include/node/node_api.h')) ? [`--nodedir=${nodeDir}`] : [];
  must(process.execPath, [tool('node-gyp/bin/node-gyp.js'), 'rebuild', ...headers, '--', ...options], { cwd: folder });
}

/** In a user's project: the package as packed but without a prebuild, and what builds it beside it. */
export function buildWithNodeGyp() {
  withScratch((scratch) => {
    const project = join(scratch, 'project');
    installPacked(pack(scratch, { prebuild: false }).tarball, project);
    symlinkSync(join(root, 'node_modules/node-addon-api'), join(project, 'node_modules/node-addon-api'));
    const folder = join(project, 'node_modules/microjoule');
    nodeGyp(folder, '-Dwerror=1');
    load(folder);
  });
}

/** `npm run prebuild` in a copy, because it empties build/; the result is held against the declared floor, and used. */
export function prebuild() {
  withScratch((scratch) => {
    for (const file of must('git', ['ls-files', '-z']).split('\0').filter(Boolean)) {
      mkdirSync(dirname(join(scratch, file)), { recursive: true });
      if (existsSync(join(root, file))) cpSync(join(root, file), join(scratch, file));
    }
    cpSync(join(root, 'dist'), join(scratch, 'dist'), { recursive: true });
    symlinkSync(join(root, 'node_modules'), join(scratch, 'node_modules'));
    must('npm', ['run', 'prebuild'], { cwd: scratch });
    console.log(must(process.execPath, ['tools/check-symbols.mjs'], { cwd: scratch }));
    load(scratch);
    nodeGyp(scratch);
    if (existsSync(join(scratch, 'build/Release/microjoule.node'))) {
      throw new Failure('binding.gyp compiled although a prebuild fits');
    }
  });
}

const PNPM = '10.34.1';

/** pnpm's own layout and its refusal to run scripts; fetches pnpm and our one dependency from the registry. */
export function installWithPnpm() {
  withScratch((scratch) => {
    const { tarball } = pack(scratch);
    const project = join(scratch, 'project');
    mkdirSync(project);
    writeFileSync(join(project, 'package.json'), '{ "name": "consumer", "private": true }');
    must('npx', ['--yes', `pnpm@${PNPM}`, 'add', `file:${tarball}`], { cwd: project });
    load(join(project, 'node_modules/microjoule'));
  });
}
