// native/sources.txt is the one list of sources: the tree, CMake and gyp must agree with it.
import { readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { cli, Failure, must, root } from './lib/run.mjs';
import { filesUnder } from './lib/stamp.mjs';

const listed = readFileSync(join(root, 'native/sources.txt'), 'utf8').trim().split('\n');

function compare(place, files) {
  const missing = listed.filter((file) => !files.includes(file));
  const extra = files.filter((file) => !listed.includes(file));
  if (missing.length > 0)
    throw new Failure(`${place} lacks what native/sources.txt lists: ${missing.join(', ')}`);
  if (extra.length > 0)
    throw new Failure(`${place} has what native/sources.txt does not list: ${extra.join(', ')}`);
  console.log(`${place}: ${files.length} sources`);
}

function treeSources() {
  return filesUnder(['native'], { skip: (path) => path === 'native/test' })
    .filter((file) => file.endsWith('.cc'))
    .map((file) => relative(root, file));
}

function cmakeSources() {
  const commands = JSON.parse(readFileSync(join(root, 'build/compile_commands.json'), 'utf8'));
  return commands.map(({ file }) => relative(root, file));
}

/** Runs the very command that binding.gyp expands. */
function gypSources() {
  const command = /'<!@\(([^)]+)\)'/.exec(readFileSync(join(root, 'binding.gyp'), 'utf8'));
  if (!command) throw new Failure("binding.gyp does not read its sources by '<!@(…)'");
  return must('sh', ['-c', command[1]]).trim().split(/\s+/);
}

await cli(() => {
  if (listed.join() !== [...listed].sort().join()) throw new Failure('native/sources.txt is not sorted.');
  if (new Set(listed).size !== listed.length) throw new Failure('native/sources.txt lists a file twice.');
  compare('the tree', treeSources());
  compare('CMake', cmakeSources());
  compare('binding.gyp', gypSources());
});
