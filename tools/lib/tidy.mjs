import { execFile as execFileCallback } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { pythonTool } from './python-tools.mjs';
import { root, run } from './run.mjs';
import { filesUnder } from './stamp.mjs';

const execFile = promisify(execFileCallback);

const git = (...args) => run('git', args, { quiet: true });

/** Files changed since the base commit, committed or not; null where git cannot tell. */
function changedFiles() {
  const base = process.env.MICROJOULE_TIDY_BASE || 'HEAD~1';
  const tracked = git('diff', '--name-only', '--diff-filter=d', base);
  const untracked = git('ls-files', '--others', '--exclude-standard');
  if (!tracked.ok || !untracked.ok) return null;
  return `${tracked.stdout}${untracked.stdout}`.split('\n').filter(Boolean);
}

/** What a translation unit includes of native/, through any number of headers. */
function includesOf(file, seen = new Set()) {
  for (const [, name] of readFileSync(join(root, file), 'utf8').matchAll(/^#include "([^"]+)"/gm)) {
    const header = [join('native', name), join(dirname(file), name)].find((path) =>
      existsSync(join(root, path)),
    );
    if (header && !seen.has(header)) {
      seen.add(header);
      includesOf(header, seen);
    }
  }
  return seen;
}

/** The units to look at: the changed ones, and for each changed header one that includes it. */
function unitsFor(changed, units) {
  const chosen = new Set(units.filter((unit) => changed.includes(unit)));
  for (const header of changed.filter((file) => file.startsWith('native/') && file.endsWith('.h'))) {
    const including = units.filter((unit) => includesOf(unit).has(header));
    if (including.some((unit) => chosen.has(unit))) continue;
    const own = including.find((unit) => unit.replace(/(_test)?\.cc$/, '') === header.replace(/\.h$/, ''));
    if (own ?? including[0]) chosen.add(own ?? including[0]);
  }
  return [...chosen];
}

function database(folder) {
  const path = join(root, folder, 'compile_commands.json');
  return new Set(JSON.parse(readFileSync(path, 'utf8')).map(({ file }) => relative(root, file)));
}

/** Runs clang-tidy on one unit with the compile command of the addon or of the C++ tests. */
async function tidyUnit(program, databases, unit, options) {
  const found = databases.find(({ files }) => files.has(unit));
  try {
    await execFile(program, ['-p', found.folder, '--quiet', ...options, unit], {
      cwd: root,
      maxBuffer: 1 << 26,
    });
    return null;
  } catch (error) {
    return error.stdout || error.message;
  }
}

/** clang-tidy on the changed files, or on all, as many at a time as there are cores. */
export async function tidy({ all }) {
  const changed = all ? null : changedFiles();
  const units = filesUnder(['native'])
    .filter((file) => file.endsWith('.cc'))
    .map((file) => relative(root, file));
  const wanted = changed === null ? units : unitsFor(changed, units);
  if (wanted.length === 0) {
    console.log('no C++ file has changed');
    return true;
  }
  const program = pythonTool('clang-tidy');
  const databases = ['build', 'build-test'].map((folder) => ({ folder, files: database(folder) }));
  const compiled = wanted.filter((unit) => databases.some(({ files }) => files.has(unit)));
  for (const unit of wanted) if (!compiled.includes(unit)) console.log(`not compiled here  ${unit}`);
  // The analyzer takes ten times as long as everything else.
  const options = all ? ['--checks=clang-analyzer-*'] : [];
  const queue = [...compiled];
  let ok = true;
  const worker = async () => {
    for (let unit = queue.shift(); unit; unit = queue.shift()) {
      const complaint = await tidyUnit(program, databases, unit, options);
      console.log(complaint === null ? `clean      ${unit}` : `NOT CLEAN  ${unit}\n${complaint}`);
      ok = ok && complaint === null;
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return ok;
}
