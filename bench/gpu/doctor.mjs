// What the doctor says of a machine, as root and as a user without rights: recorded in docs/results.
//   node bench/gpu/doctor.mjs OUT.json
// A virtual machine whose perf PMU 'power' has an event that never moves must be told so: cause 'never-moves'.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../..');
const cli = join(root, 'dist/cli/main.js');
const [out] = process.argv.slice(2);
if (out === undefined) {
  console.error('node bench/gpu/doctor.mjs OUT.json');
  process.exit(2);
}

const AS = {
  'as it is': [],
  'user 65534': ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'],
};
const COMMANDS = [['probe'], ['probe', '--json'], ['probe', '--fix'], ['probe', '--cross-check']];

const result = { date: new Date().toISOString(), pmus: powerPmus(), runs: [] };
for (const [as, wrapper] of Object.entries(AS)) {
  for (const command of COMMANDS)
    result.runs.push({ as, command: command.join(' '), ...run(wrapper, command) });
}
writeFileSync(out, `${JSON.stringify(result, null, 1)}\n`);
for (const { as, command, code, stdout, stderr } of result.runs) {
  console.log(`--- ${as}: microjoule ${command} ended with ${code}\n${stdout}${stderr}`);
}

function run(wrapper, command) {
  const [program, ...args] = [...wrapper, process.execPath, cli, ...command];
  const { status, error, stdout, stderr } = spawnSync(program, args, { cwd: '/', encoding: 'utf8' });
  return { code: status ?? error?.code, stdout: stdout ?? '', stderr: stderr ?? '' };
}

/** The PMUs as the kernel describes them, to compare with what is said of them. */
function powerPmus() {
  const folder = '/sys/bus/event_source/devices';
  const names = readdirSync(folder).filter((name) => name.startsWith('power'));
  return names.map((name) => ({
    name,
    files: ['type', 'cpumask', ...listOf(join(folder, name, 'events')).map((event) => `events/${event}`)].map(
      (file) => [file, textOf(join(folder, name, file))],
    ),
  }));
}

function listOf(folder) {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function textOf(file) {
  try {
    return readFileSync(file, 'utf8').trim();
  } catch (error) {
    return error.code;
  }
}
