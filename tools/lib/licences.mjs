import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Failure, root } from './run.mjs';

function packageOf(file) {
  let folder = dirname(join(root, file));
  while (!existsSync(join(folder, 'package.json')) || !readPackage(folder).name) folder = dirname(folder);
  return folder;
}

const readPackage = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

function licenceFile(folder) {
  const entry = readdirSync(folder).find((name) => /^licen[cs]e/i.test(name));
  return entry && join(folder, entry);
}

/** The texts of packages that publish none themselves. */
function suppliedFile(name) {
  const file = join(root, 'tools/licences', `${name}.txt`);
  return existsSync(file) ? file : undefined;
}

/** The licence texts of every package but our own that has a file among `inputs`; one without a text is an error. */
export function bundledLicences(inputs) {
  const folders = [...new Set(inputs.map(packageOf))].filter((folder) => folder !== root).sort();
  const texts = folders.map((folder) => {
    const { name, version, license } = readPackage(folder);
    const file = licenceFile(folder) ?? suppliedFile(name);
    if (!file) throw new Failure(`${name} is bundled into the command line but carries no licence text`);
    return `${name} ${version} (${license})\n\n${readFileSync(file, 'utf8').trim()}\n`;
  });
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}
