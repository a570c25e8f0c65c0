import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Failure, root } from './run.mjs';

function packageOf(file) {
  let folder = dirname(join(root, file));
  while (!existsSync(join(folder, 'package.json')) || !readPackage(folder).name) folder = dirname(folder);
  return folder;
}

const readPackage = (folder) => JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));

/** The licence texts of every package but our own that has a file among `inputs`; one without a text is an error. */
export function bundledLicences(inputs) {
  const folders = [...new Set(inputs.map(packageOf))].filter((folder) => folder !== root).sort();
  const texts = folders.map((folder) => {
    const { name, version, license } = readPackage(folder);
    const own = dirname(folder) === root;
    const place = own ? root : folder;
    const file = readdirSync(place).find((entry) => /^licen[cs]e/i.test(entry));
    if (!file) throw new Failure(`${name} is bundled into the command line but carries no licence text`);
    return `${name} ${version} (${license})\n\n${readFileSync(join(place, file), 'utf8').trim()}\n`;
  });
  return texts.join(`\n${'-'.repeat(80)}\n\n`);
}
