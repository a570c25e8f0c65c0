import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Failure, must, root, run, version } from './run.mjs';
import { hashOf, isFresh, writeStamp } from './stamp.mjs';

const venv = '.venv-tools';
const requirements = join(root, 'tools', 'requirements.txt');
/** The last is the suite's: it finds the schemas of Kubernetes in its own package, and asks nobody. */
const programs = ['clang-format', 'clang-tidy', 'kubernetes-validate'];

/** Path of one of the programs in the ignored venv, which is made on first use. */
export function pythonTool(name) {
  const step = {
    stamp: `${venv}/.stamp`,
    outputs: programs.map((program) => `${venv}/bin/${program}`),
    hash: hashOf([requirements]),
  };
  if (!isFresh(step)) install(step);
  return join(root, venv, 'bin', name);
}

function install(step) {
  if (!version('python3')) {
    throw new Failure(
      `Python 3 is needed for ${programs.join(', ')} (Debian: apt-get install python3 python3-venv).`,
    );
  }
  console.log(`${programs.join(', ')}: installing`);
  if (
    !existsSync(join(root, venv, 'bin/pip')) &&
    !run('python3', ['-m', 'venv', '--clear', venv], { quiet: true }).ok
  ) {
    throw new Failure('Python cannot make a virtual environment (Debian: apt-get install python3-venv).');
  }
  // Not pip's own script: in a copied tree that is still the one of where it was made.
  must(join(root, venv, 'bin/python'), [
    '-m',
    'pip',
    'install',
    '--quiet',
    '--disable-pip-version-check',
    '-r',
    requirements,
  ]);
  writeStamp(step);
}
