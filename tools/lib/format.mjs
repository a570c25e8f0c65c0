import { pythonTool } from './python-tools.mjs';
import { run } from './run.mjs';
import { filesUnder } from './stamp.mjs';

const cppFiles = () => filesUnder(['native', 'bench']).filter((file) => /\.(cc|h|c)$/.test(file));

export const checkFormat = () =>
  run(pythonTool('clang-format'), ['--dry-run', '-Werror', '--style=file', ...cppFiles()]).ok;

export const writeFormat = () => run(pythonTool('clang-format'), ['-i', '--style=file', ...cppFiles()]).ok;
