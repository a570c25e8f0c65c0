import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, describe, expect, test } from 'vitest';
import { mustRun } from '../../test/helpers/child.js';
import { readJournal } from '../src/journal/read.js';
import { FAST, runsOf } from './helpers/tables.js';

const CLI = join(import.meta.dirname ?? __dirname, '../bin/microjoule-study.js');
const KILLS = 25;
const REPETITIONS = 8;
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

const args = ['run', 'study.yaml', '--root', 'nvml=/nowhere/nvml.so', '--root', 'powercap=/nowhere'];

function studyFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'mj-kill-'));
  folders.push(folder);
  writeFileSync(join(folder, 'study.yaml'), FAST.replace('repetitions: 2', `repetitions: ${REPETITIONS}`));
  return folder;
}

/** Starts the study, waits until it holds the journal, and ends it at any instant of its work. */
async function startAndKill(cwd: string, afterMs: number): Promise<void> {
  const child = spawn(process.execPath, [CLI, ...args], { cwd, stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  await Promise.race([ended, holdsJournal(cwd, child).then(() => sleep(afterMs))]);
  child.kill('SIGKILL');
  await ended;
}

async function holdsJournal(cwd: string, child: ChildProcess): Promise<void> {
  const lock = join(cwd, 'results/journal.ndjson.lock');
  while (child.exitCode === null) {
    if (existsSync(lock) && readFileSync(lock, 'utf8').includes(`"pid":${child.pid}`)) return;
    await sleep(5);
  }
}

describe('a study that is killed', () => {
  // Two at a time: most of a study is waiting. Instants are spread over a run of about 600 ms, and past it.
  test('at 50 instants resumes with no run lost and none doubled', { timeout: 120_000 }, async () => {
    await Promise.all(
      [0, 1].map(async (which) => {
        const cwd = studyFolder();
        for (let i = 0; i < KILLS; i += 1) await startAndKill(cwd, ((37 * i + 13 * which) % KILLS) * 32);
        mustRun(process.execPath, [CLI, ...args], cwd);
        const records = readJournal(join(cwd, 'results/journal.ndjson'));
        const runs = runsOf(records);
        const expected = ['a', 'b'].flatMap((id) =>
          Array.from({ length: REPETITIONS }, (_, i) => `${id}/resnet50/1#${i}`),
        );
        expect(runs.map(({ id }) => id).sort()).toEqual(expected.sort());
        expect(runs.map(({ sequence }) => sequence)).toEqual(runs.map((_, i) => i));
        expect(new Set(runs.map(({ status }) => status))).toEqual(new Set(['ok']));
        expect(records.filter(({ type }) => type === 'segment')).toHaveLength(1);
      }),
    );
  });
});
