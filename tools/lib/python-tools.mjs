import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, must, root, run, version } from './run.mjs';
import { hashOf, isFresh, writeStamp } from './stamp.mjs';

const venv = '.venv-tools';
const requirements = join(root, 'tools', 'requirements.txt');

/** Path of clang-format or clang-tidy in the ignored venv, which is made on first use. */
export function pythonTool(name) {
  const step = {
    stamp: `${venv}/.stamp`,
    outputs: readFileSync(requirements, 'utf8')
      .trim()
      .split('\n')
      .map((line) => `${venv}/bin/${line.split('==')[0]}`),
    hash: hashOf([requirements]),
  };
  if (!isFresh(step)) install(step);
  return join(root, venv, 'bin', name);
}

function install(step) {
  if (!version('python3')) {
    throw new Failure(
      'Python 3 is needed for clang-format and clang-tidy (Debian: apt-get install python3 python3-venv).',
    );
  }
  console.log('clang-format, clang-tidy: installing');
  if (
    !existsSync(join(root, venv, 'bin/pip')) &&
    !run('python3', ['-m', 'venv', '--clear', venv], { quiet: true }).ok
  ) {
    throw new Failure('Python cannot make a virtual environment (Debian: apt-get install python3-venv).');
  }
  must(join(root, venv, 'bin/pip'), [
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '-r',
    requirements,
  ]);
  writeStamp(step);
}
