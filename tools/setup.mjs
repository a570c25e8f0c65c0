#!/usr/bin/env node
// From a bare clone to something that runs: npm packages, addon, models, dist, C++ tests. What is up to date is left alone.
//   node tools/setup.mjs [--strict]
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkCompilers, cmakeBuild, jobs } from './lib/cmake.mjs';
import { withLock } from './lib/lock.mjs';
import { cli, Failure, must, root, tool } from './lib/run.mjs';
import { isFresh, writeStamp } from './lib/stamp.mjs';
import { buildSteps } from './lib/steps.mjs';

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 17)) {
    throw new Failure(`Node ${process.versions.node} is too old: microjoule needs Node 20.17 or newer.`);
  }
}

/** Compares what npm says it installed with the lock file, so that a tree installed by hand counts too. */
function dependenciesInstalled() {
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (!existsSync(installed)) return false;
  const have = JSON.parse(readFileSync(installed, 'utf8')).packages;
  const want = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  return Object.entries(want)
    .filter(([path]) => path.includes('node_modules/'))
    .every(([path, { version, integrity, optional }]) => {
      const found = have[path];
      return found ? found.version === version && found.integrity === integrity : optional === true;
    });
}

function installDependencies() {
  // No dependency needs its install script; onnxruntime-node's would fetch the CUDA providers.
  must('npm', ['ci', '--include=dev', '--ignore-scripts']);
}

function buildAddon(strict) {
  checkCompilers();
  const cmakeJs = (command, ...flags) =>
    must(process.execPath, [tool('cmake-js/bin/cmake-js'), command, '-l', 'warn', ...flags]);
  // `build` alone configures only once and would keep the flags of that time.
  cmakeJs('configure', `--CDWERROR=${strict ? 'ON' : 'OFF'}`);
  cmakeJs('build', '-p', jobs);
}

const actions = {
  addon: buildAddon,
  models: () => must(process.execPath, [tool('typescript/bin/tsc'), '-p', 'models']),
  study: () => must(process.execPath, [tool('typescript/bin/tsc'), '-p', 'study']),
  dist: () => must(process.execPath, ['tools/dist.mjs']),
  // With debugging information, for valgrind's reports.
  'C++ tests': (strict) =>
    cmakeBuild('build-test', ['CMAKE_BUILD_TYPE=RelWithDebInfo', `WERROR=${strict ? 'ON' : 'OFF'}`]),
};

function build(step, strict) {
  const started = Date.now();
  if (isFresh(step)) {
    console.log(`${step.name}: up to date`);
    return;
  }
  rmSync(join(root, step.stamp), { force: true });
  actions[step.name](strict);
  writeStamp(step);
  console.log(`${step.name}: built in ${((Date.now() - started) / 1000).toFixed(1)} s`);
}

function setup() {
  const { values } = parseArgs({ options: { strict: { type: 'boolean', default: false } } });
  const { strict } = values;
  checkNode();
  if (dependenciesInstalled()) {
    console.log('npm packages: up to date');
  } else {
    console.log('npm packages: installing');
    installDependencies();
    console.log('npm packages: installed');
  }
  // One at a time: what a step hashes may be what the one before it built.
  for (const makeStep of buildSteps) build(makeStep({ strict }), strict);
}

await cli(() => withLock(setup));
