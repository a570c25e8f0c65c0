// Holds native/energy/nvml_abi.h against NVIDIA's real nvml.h, old and new, and records what was checked:
//   node tools/check-nvml-abi.mjs
// The headers come from packages of PyPI (kept in .cache), so this is no part of `npm test`; a test compares the
// record with the functions that we use now.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cli, Failure, must, root } from './lib/run.mjs';

const SOURCES = ['nvidia-nvml-dev-cu12==12.9.79', 'nvidia-nvml-dev==13.5.37'];
const RECORD = join(root, 'native/energy/nvml_abi_checked.json');

/** The folder of nvml.h from a wheel. */
function fetchHeader(source) {
  const folder = join(root, '.cache/nvml-headers', source);
  if (!existsSync(folder)) {
    mkdirSync(folder, { recursive: true });
    const venv = join(root, '.cache/nvml-headers/venv');
    if (!existsSync(join(venv, 'bin/pip'))) must('python3', ['-m', 'venv', venv]);
    must(join(venv, 'bin/pip'), ['install', '--quiet', '--no-deps', '--target', folder, source]);
  }
  const header = readdirSync(folder, { recursive: true }).find((path) => path.endsWith('/nvml.h'));
  if (header === undefined) throw new Failure(`${source} holds no nvml.h.`);
  return join(folder, header, '..');
}

await cli(async () => {
  const compiler = process.env.CXX ?? 'c++';
  for (const source of SOURCES) {
    const include = fetchHeader(source);
    must(compiler, [
      '-std=c++17',
      '-fsyntax-only',
      '-Wall',
      '-Wextra',
      '-Werror',
      `-I${join(root, 'native')}`,
      '-isystem',
      include,
      join(root, 'native/test/nvml_abi_check.cc'),
    ]);
  }
  const ours = readFileSync(join(root, 'native/energy/nvml_abi.h'), 'utf8');
  const functions = [...ours.matchAll(/^\s+X\(\w+, (nvml\w+),/gm)].map(([, name]) => name);
  const record = { headers: SOURCES, date: new Date().toISOString().slice(0, 10), functions };
  writeFileSync(RECORD, `${JSON.stringify(record, null, 2)}\n`);
  console.log(
    `${functions.length} functions, their types and constants agree with ${SOURCES.join(' and ')}.`,
  );
});
