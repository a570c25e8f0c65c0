import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './run.mjs';
import { filesUnder, hashOf, isFresh } from './stamp.mjs';

const read = (path) => readFileSync(join(root, path), 'utf8');

// Strict builds refuse a compiler's warnings. A user's newer compiler may warn where ours does not, so only
// `npm test` is strict; what passed strictly also serves the other commands.
function nativeStep(name, { folders, skip, stamp, outputs, strict }) {
  const files = filesUnder(['CMakeLists.txt', 'package-lock.json', ...folders], { skip });
  const hashes = ['strict', 'lenient'].map((mode) => hashOf(files, mode));
  const [strictHash, lenientHash] = hashes;
  const stamped = existsSync(join(root, stamp)) ? read(stamp).trim() : '';
  const hash = strict || stamped === strictHash ? strictHash : lenientHash;
  return { name, stamp, outputs, hash };
}

export function addonStep({ strict = false } = {}) {
  return nativeStep('addon', {
    folders: ['native'],
    skip: (path) => path === 'native/test',
    stamp: 'build/.stamp',
    outputs: ['build/Release/microjoule.node'],
    strict,
  });
}

export function nativeTestsStep({ strict = false } = {}) {
  return nativeStep('C++ tests', {
    folders: ['native'],
    skip: (path) => path === 'native/bind' || path === 'native/addon.cc',
    stamp: 'build-test/.stamp',
    outputs: ['build-test/native/test/native_tests'],
    strict,
  });
}

export function modelsStep() {
  return {
    name: 'models',
    stamp: 'models/dist/.stamp',
    outputs: ['models/dist/index.js'],
    hash: hashOf(filesUnder(['models/src', 'models/tsconfig.json', 'models/package.json', 'tsconfig.json'])),
  };
}

export function distStep() {
  const inputs = [
    'src',
    'package.json',
    'package-lock.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'tools/dist.mjs',
  ];
  const hasCli = existsSync(join(root, 'src/cli'));
  return {
    name: 'dist',
    stamp: 'dist/.stamp',
    outputs: ['dist/index.js', 'dist/index.mjs', ...(hasCli ? ['dist/cli/main.js'] : [])],
    // The command line bundles the models.
    hash: hashOf(filesUnder(inputs), hasCli ? modelsStep().hash : ''),
  };
}

/** The study imports the library and the models as any program does: by their declarations in dist. */
export function studyStep() {
  return {
    name: 'study',
    stamp: 'study/dist/.stamp',
    outputs: ['study/dist/index.js'],
    hash: hashOf(
      filesUnder(['study/src', 'study/tsconfig.json', 'study/package.json']),
      `${distStep().hash} ${modelsStep().hash}`,
    ),
  };
}

/** What tests and demo need, in the order in which it is built. */
export const buildSteps = [
  addonStep,
  ...(existsSync(join(root, 'models/tsconfig.json')) ? [modelsStep] : []),
  distStep,
  studyStep,
  nativeTestsStep,
];

export const staleSteps = () =>
  buildSteps
    .map((makeStep) => makeStep())
    .filter((step) => !isFresh(step))
    .map((step) => step.name);
