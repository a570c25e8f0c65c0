import { spawn, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { run } from '../../test/helpers/child.js';
import { testIf } from '../../test/helpers/skip.js';
import { PYTHON_RUNTIMES, requirementsOf, VARIANTS } from '../src/runtimes/requirements.js';
import { hasPython, toyPath } from './helpers/toy-worker.js';

const withPython = testIf(hasPython, 'needs Python 3.9 or newer');
const CLI = join(__dirname, '..', 'bin', 'microjoule-study.js');
const WORKER = join(__dirname, '..', 'workers', 'worker.py');

/** An interpreter that makes environments of itself; FAKE_PIP says what its pip does. */
const PYTHON = `#!/bin/sh
case "$1 $2" in
  "-c "*) echo "\${FAKE_VERSION:-3.11}" ;;
  "-m venv") mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
  "-m pip") echo "Collecting numpy==1.23.5"; eval "\${FAKE_PIP:-:}" ;;
  "-u "*) exec python3 -u ${toyPath} ;;
esac
`;

let folder: string;
let environments: string;
let env: NodeJS.ProcessEnv;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mj-runtimes-'));
  environments = join(folder, 'cache', 'microjoule', 'runtimes');
  const bin = join(folder, 'bin');
  mkdirSync(bin);
  program(join(bin, 'python'), PYTHON);
  // One that is on the machine would be taken.
  program(join(bin, 'uv'), '#!/bin/sh\nexit 1\n');
  env = { PATH: `${bin}:${process.env.PATH}`, XDG_CACHE_HOME: join(folder, 'cache') };
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function program(path: string, text: string): void {
  writeFileSync(path, text);
  chmodSync(path, 0o755);
}

const arguments_ = (...more: string[]) => [
  CLI,
  'setup-runtimes',
  'mxnet',
  '--cpu',
  '--python',
  join(folder, 'bin', 'python'),
  ...more,
];
const setUp = (more: NodeJS.ProcessEnv = {}) =>
  run(process.execPath, arguments_(), folder, { ...env, ...more });
const left = () => (existsSync(environments) ? readdirSync(environments) : []);

describe('setup-runtimes', () => {
  withPython('makes an environment, tries it, and is found by the study', () => {
    const { code, stdout, stderr } = setUp();
    expect([code, stderr]).toEqual([0, expect.any(String)]);
    expect(stdout).toContain('no GPU: a toy has none');
    const pointer = JSON.parse(readFileSync(join(environments, 'mxnet.json'), 'utf8'));
    expect(pointer).toMatchObject({ variant: 'cpu', versions: { toy: '1' } });
    expect(pointer.interpreter).toMatch(/mxnet-cpu-[0-9a-f]{12}\/bin\/python$/);
    expect(left().length).toBe(2);
    const doctor = run(process.execPath, [CLI, 'doctor', '--json'], folder, env);
    const mxnet = JSON.parse(doctor.stdout).find(({ runtime }: { runtime: string }) => runtime === 'mxnet');
    expect(mxnet).toMatchObject({ found: true, program: pointer.interpreter });
  });

  withPython('an installation that fails leaves nothing, and says what pip said', () => {
    const { code, stderr } = setUp({ FAKE_PIP: 'echo no matching distribution >&2; exit 1' });
    expect(code).toBe(1);
    expect(stderr).toMatch(/environment of mxnet could not be made: .* ended with 1/);
    expect(stderr).toContain('no matching distribution');
    expect(left()).toEqual([]);
  });

  withPython('one whose runtime does not load is not kept', () => {
    const { code, stderr } = setUp({ TOY: 'no-library' });
    expect(code).toBe(1);
    expect(stderr).toMatch(/does not serve mxnet: libtoy/);
    expect(left()).toEqual([]);
  });

  withPython('killed half-way it leaves nothing that is found, and the next one clears it away', async () => {
    const killed = spawn(process.execPath, arguments_(), {
      cwd: folder,
      env: { ...process.env, ...env, FAKE_PIP: 'exec sleep 30' },
      stdio: 'ignore',
      detached: true,
    });
    const ended = new Promise((resolve) => killed.once('close', resolve));
    while (!left().some((name) => name.endsWith('.tmp'))) await sleep(50);
    process.kill(-(killed.pid as number), 'SIGKILL');
    await ended;
    expect(left()).toEqual([expect.stringMatching(/^\.mxnet-cpu-.*\.tmp$/)]);
    expect(setUp().code).toBe(0);
    expect(left().filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  withPython('a named interpreter is taken as it is', () => {
    const named = join(folder, 'bin', 'python');
    const taken = run(
      process.execPath,
      [CLI, 'setup-runtimes', 'pytorch', '--interpreter', named, '--json'],
      folder,
      env,
    );
    expect(JSON.parse(taken.stdout)).toMatchObject([
      { runtime: 'pytorch', interpreter: named, variant: 'named' },
    ]);
    expect(left()).toEqual(['pytorch.json']);
  });

  const REFUSED: [what: string, args: string[], words: RegExp][] = [
    ['a runtime that there is not', ['caffe'], /'caffe' has no Python environment/],
    ['two builds at once', ['mxnet', '--cpu', '--cuda'], /exclude each other/],
    ['an interpreter for all', ['--interpreter', '/usr/bin/python3'], /belongs to one runtime/],
    [
      'an interpreter that there is not',
      ['mxnet', '--interpreter', '/nowhere/python'],
      /no interpreter \/nowhere\/python/,
    ],
  ];
  for (const [what, args, words] of REFUSED) {
    test(`refuses ${what}`, () => {
      const { code, stderr } = run(process.execPath, [CLI, 'setup-runtimes', ...args], folder, env);
      expect([code, stderr]).toEqual([2, expect.stringMatching(words)]);
    });
  }

  test('refuses a Python without wheels', () => {
    const { code, stderr } = setUp({ FAKE_VERSION: '3.14' });
    expect(code).toBe(2);
    expect(stderr).toMatch(/mxnet needs Python 3\.11 or 3\.10; .*python is 3\.14/);
  });
});

describe('requirements', () => {
  for (const runtime of PYTHON_RUNTIMES) {
    for (const variant of VARIANTS) {
      test(`${runtime} ${variant}: everything is pinned, once`, () => {
        const { pins, pythons } = requirementsOf(runtime, variant);
        expect(pins.filter((pin) => !/^[A-Za-z0-9_.-]+==[A-Za-z0-9.]+$/.test(pin))).toEqual([]);
        expect(new Set(pins.map((pin) => pin.split('==')[0])).size).toBe(pins.length);
        expect(pythons[0]).toBe('3.11');
      });
    }
  }
});

describe('workers without their library', () => {
  for (const runtime of PYTHON_RUNTIMES) {
    // -S: without site-packages no library is there.
    withPython(`${runtime} answers that it is not installed`, () => {
      const input = '{"id": 1, "op": "hello", "protocol": 1}\n{"id": 2, "op": "close"}\n';
      const { stdout, status } = spawnSync('python3', ['-S', '-u', WORKER, runtime], {
        input,
        encoding: 'utf8',
      });
      expect(status).toBe(0);
      const [hello] = stdout.split('\n').map((line) => line && JSON.parse(line));
      expect(hello).toMatchObject({ id: 1, ok: false, error: { code: 'not-installed' } });
    });
  }

  withPython('worker.py refuses a runtime that it has not', () => {
    const { status, stderr } = spawnSync('python3', [WORKER, 'caffe'], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([2, expect.stringContaining('pytorch|tensorflow|mxnet')]);
  });
});
