import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Failure, must, root, version } from './run.mjs';

export const jobs = String(availableParallelism());

export function checkCompilers() {
  if (!version('cmake')) {
    throw new Failure(
      'CMake is needed to build the addon and is not on the PATH (Debian: apt-get install cmake).',
    );
  }
  const compiler = process.env.CXX || 'c++';
  if (!version(compiler)) {
    throw new Failure(
      `A C++17 compiler is needed to build the addon: '${compiler}' is not on the PATH (Debian: apt-get install g++).`,
    );
  }
  if (!version('ninja') && !version('make')) {
    throw new Failure('Ninja or make is needed to build the addon (Debian: apt-get install ninja-build).');
  }
}

/** Configures with Ninja where it is at hand; a folder that is already configured keeps its generator. */
export function cmakeBuild(folder, definitions = []) {
  checkCompilers();
  const configured = existsSync(join(root, folder, 'CMakeCache.txt'));
  const generator = !configured && version('ninja') ? ['-G', 'Ninja'] : [];
  must('cmake', ['-S', '.', '-B', folder, ...generator, ...definitions.map((text) => `-D${text}`)]);
  must('cmake', ['--build', folder, '--parallel', jobs]);
}
