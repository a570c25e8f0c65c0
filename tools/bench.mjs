// `npm run bench`: runs every bench/*.mjs in a process of its own and prints one table.
//   node tools/bench.mjs [name …]
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { printTable } from '../bench/lib/report.mjs';
import { cli, Failure, root } from './lib/run.mjs';

async function rowsOf(name) {
  const rows = [];
  const child = fork(join(root, 'bench', name), { execArgv: ['--expose-gc'] });
  child.on('message', (message) => rows.push(...message));
  const [code, signal] = await once(child, 'exit');
  if (code !== 0) throw new Failure(`bench/${name} ended with ${code ?? signal}`);
  return rows;
}

await cli(async () => {
  const wanted = process.argv.slice(2);
  const names = readdirSync(join(root, 'bench'))
    .filter((name) => name.endsWith('.mjs'))
    .filter((name) => wanted.length === 0 || wanted.some((word) => name.includes(word)));
  if (names.length === 0) throw new Failure(`There is no benchmark named ${wanted.join(' or ')}.`);
  const rows = [];
  for (const name of names) {
    console.log(`bench/${name}`);
    rows.push(...(await rowsOf(name)));
  }
  printTable(rows);
});
