// Which C and C++ libraries a prebuild needs, held against the floor that we declare:
//   node tools/check-symbols.mjs [file.node …]   default: every file in prebuilds/linux-*
import { relative } from 'node:path';
import { cli, Failure, must, root, version } from './lib/run.mjs';
import { filesUnder } from './lib/stamp.mjs';

// Red Hat 9, Debian 12 and Ubuntu 22.04. dlopen alone, taken from libc.so.6 since 2.34, keeps older systems out.
const FLOOR = { GLIBC: '2.34', GLIBCXX: '3.4.29', CXXABI: '1.3.13', GCC: '4.2' };
const NEEDED = [
  'libstdc++.so.6',
  'libgcc_s.so.1',
  'libc.so.6',
  'libm.so.6',
  'ld-linux-x86-64.so.2',
  'ld-linux-aarch64.so.1',
];

const numbers = (text) => text.split('.').map(Number);

function newer(a, b) {
  const [left, right] = [numbers(a), numbers(b)];
  for (let i = 0; i < Math.max(left.length, right.length); ++i) {
    if ((left[i] ?? 0) !== (right[i] ?? 0)) return (left[i] ?? 0) > (right[i] ?? 0);
  }
  return false;
}

/** The newest version of each library's symbols that the file needs, with a symbol that needs it. */
function needs(file) {
  const symbols = must('readelf', ['--dyn-syms', '--wide', file]);
  const highest = {};
  for (const [, symbol, library, version] of symbols.matchAll(/\bUND (\S+)@([A-Z]+)_([\d.]+)/g)) {
    if (!highest[library] || newer(version, highest[library].version)) highest[library] = { version, symbol };
  }
  return highest;
}

function checkVersions(file) {
  for (const [library, { version, symbol }] of Object.entries(needs(file))) {
    console.log(`  ${library} ${version} (${symbol}), floor ${FLOOR[library] ?? 'none declared'}`);
    if (!FLOOR[library] || newer(version, FLOOR[library])) {
      throw new Failure(
        `${relative(root, file)} needs ${library}_${version} for ${symbol}, above the declared floor.`,
      );
    }
  }
}

/** Whatever is opened at run time must not be linked: the addon loads on a machine without it. */
function checkLibraries(file) {
  const dynamic = must('readelf', ['--dynamic', '--wide', file]);
  const linked = [...dynamic.matchAll(/\(NEEDED\).*\[(.+)\]/g)].map(([, name]) => name);
  const unwanted = linked.filter((name) => !NEEDED.includes(name));
  if (unwanted.length > 0)
    throw new Failure(`${relative(root, file)} is linked with ${unwanted.join(', ')}.`);
  if (!/NODELETE/.test(dynamic)) throw new Failure(`${relative(root, file)} is not linked with -z nodelete.`);
}

/** Only what Node looks up may be visible: anything else could meet another library's symbol of the same name. */
function checkExports(file) {
  const symbols = must('readelf', ['--dyn-syms', '--wide', file]);
  const visible = [...symbols.matchAll(/\b(?:GLOBAL|WEAK|UNIQUE)\s+DEFAULT\s+\d+ (\S+)/g)].map(
    ([, name]) => name,
  );
  const ours = visible.filter(
    (name) => !/^(napi_register_module_v1|node_api_module_get_api_version_v1)$/.test(name),
  );
  console.log(`  exports: ${visible.length}`);
  if (ours.length > 0)
    throw new Failure(`${relative(root, file)} exports ${ours.length} symbols, e.g. ${ours[0]}.`);
}

function prebuilds() {
  return filesUnder(['prebuilds']).filter((file) => file.endsWith('.node'));
}

await cli(() => {
  if (!version('readelf')) throw new Failure('readelf is needed (Debian: apt-get install binutils).');
  const files = process.argv.length > 2 ? process.argv.slice(2) : prebuilds();
  if (files.length === 0) throw new Failure('There is no prebuild to check: npm run prebuild.');
  for (const file of files) {
    console.log(relative(root, file));
    checkVersions(file);
    checkLibraries(file);
    checkExports(file);
  }
});
