// `npm test`: format, lint, types, C++ unit tests, and the suite on two versions of Node.
//   node tools/test.mjs [--all]   --all: clang-tidy on every file, not only on the changed ones, and with its analyzer
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { checkFormat } from './lib/format.mjs';
import { nativeTests } from './lib/native-tests.mjs';
import { nodesToTest } from './lib/nodes.mjs';
import { cli, root, run, tool } from './lib/run.mjs';
import { Summary } from './lib/summary.mjs';
import { tidy } from './lib/tidy.mjs';

/** What is JavaScript over the addon's and the library's own interfaces is tested on one version of Node. */
const ON_ONE_VERSION = ['study/**', 'test/calibration/**', 'test/cli/**', 'test/engine/**', 'test/unit/**'];
const EVERYWHERE = ON_ONE_VERSION.flatMap((files) => ['--exclude', files]);

function suite(node, files) {
  const results = join(root, '.cache', `vitest-${node.version}.json`);
  mkdirSync(join(root, '.cache'), { recursive: true });
  rmSync(results, { force: true });
  const { ok } = run(node.path, [tool('vitest/vitest.mjs'), 'run', ...files], {
    env: { MICROJOULE_TEST_NODE: node.version, MICROJOULE_TEST_RESULTS: results },
  });
  const { node: ranOn, passed, failed, skipped } = JSON.parse(readFileSync(results, 'utf8'));
  const failures = [];
  if (failed > 0 || !ok) failures.push(`vitest on Node ${node.version} (${failed} failed)`);
  if (ranOn !== node.version) failures.push(`vitest ran on Node ${ranOn}, not on ${node.version}`);
  return { passed, failures, skips: skipped };
}

function biome() {
  const colours = process.stdout.isTTY ? [] : ['--colors=off'];
  const args = ['ci', '--error-on-warnings', '--max-diagnostics=50', ...colours, '.'];
  return run(process.execPath, [tool('@biomejs/biome/bin/biome'), ...args]).ok;
}

const tsc = (project) => run(process.execPath, [tool('typescript/bin/tsc'), '--noEmit', '-p', project]).ok;
const script = (path) => run(process.execPath, [path]).ok;

await cli(async () => {
  const { values } = parseArgs({ options: { all: { type: 'boolean', default: false } } });
  const summary = new Summary();
  await summary.check('format: clang-format', checkFormat);
  await summary.check('format and lint: biome', biome);
  await summary.check('lint: clang-tidy', () => tidy({ all: values.all }));
  await summary.check('sources', () => script('tools/check-sources.mjs'));
  await summary.check('types', () => tsc('test'));
  await summary.check('C++ unit tests', () => nativeTests('build-test/native/test/native_tests'));
  for (const [i, node] of nodesToTest().entries()) {
    await summary.check(`suite on Node ${node.version}`, () => suite(node, i === 0 ? [] : EVERYWHERE));
  }
  summary.finish();
});
