import {
  appendFileSync,
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect } from 'vitest';
import { run } from '../../test/helpers/child.js';
import { testIf } from '../../test/helpers/skip.js';
import { Journal } from '../src/journal/journal.js';
import { readJournal } from '../src/journal/read.js';
import type { EndRecord } from '../src/types/journal.js';
import { canMount, type SmallDisk, smallDisk } from './helpers/small-disk.js';
import { syntheticJournal } from './helpers/synthetic-journal.js';
import { FAST, runsOf } from './helpers/tables.js';

const CLI = join(import.meta.dirname ?? __dirname, '../bin/microjoule-study.js');
const MIB = 1 << 20;
const test = testIf(canMount, 'no file system may be mounted in a namespace of ours');

let folder: string;
let disk: SmallDisk | undefined;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mj-full-'));
  if (canMount) disk = await smallDisk(8 * MIB);
});
afterEach(() => {
  disk?.remove();
  rmSync(folder, { recursive: true, force: true });
});

const onDisk = (name: string) => join((disk as SmallDisk).path, name);

/** Until there is room for not one byte more. */
function fill(path: string): void {
  const fd = openSync(path, 'w');
  try {
    for (;;) writeSync(fd, Buffer.alloc(1 << 16));
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
  } finally {
    closeSync(fd);
  }
}

const NO_COUNTERS = ['--root', 'nvml=/nowhere/nvml.so', '--root', 'powercap=/nowhere'];

function study(fault: string) {
  const table = FAST.replace(
    'runtime: pytorch, provider: cpu',
    `runtime: pytorch, provider: cpu, options: { fake: ${fault} }`,
  );
  writeFileSync(join(folder, 'study.yaml'), table);
  return run(process.execPath, [CLI, 'run', '--out', onDisk('results'), ...NO_COUNTERS], folder);
}

/** As it must be once there was room again. */
function expectWhole(journal: string): void {
  const records = readJournal(journal);
  const runs = runsOf(records);
  const expected = ['a', 'b'].flatMap((id) => [0, 1].map((i) => `${id}/resnet50/1#${i}`));
  expect(runs.map(({ id }) => id).sort()).toEqual(expected);
  expect(runs.map(({ status }) => status)).toEqual(Array(4).fill('ok'));
  expect(runs.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3]);
  expect(records.filter(({ type }) => type === 'segment')).toHaveLength(1);
}

describe('on a full disk', () => {
  const record = (segment: number): EndRecord => ({
    type: 'end',
    v: 1,
    segment,
    at: 'x'.repeat(700),
    reason: 'done',
  });

  test('a record that does not fit is taken back, and the journal goes on when there is room', async () => {
    const path = onDisk('journal.ndjson');
    const journal = await Journal.open(path);
    let n = 0;
    for (; n < 3; n += 1) journal.append(record(n));
    fill(onDisk('ballast'));
    const untilFull = () => {
      for (; n < 1e5; n += 1) journal.append(record(n));
    };
    expect(untilFull).toThrow(
      expect.objectContaining({
        code: 'io-failure',
        message: `${path} cannot be written (the disk is full): the last record is not in it, all before are.`,
        remedy: expect.stringContaining('Make room'),
      }),
    );
    const whole = () => Array.from({ length: n }, (_, i) => record(i));
    expect(readFileSync(path).at(-1)).toBe(0x0a);
    expect(readJournal(path)).toEqual(whole());
    rmSync(onDisk('ballast'));
    journal.append(record(n));
    journal.close();
    n += 1;
    expect(readJournal(path)).toEqual(whole());
  });

  test('half a record cannot be put aside: the journal stays as it is', async () => {
    const path = onDisk('journal.ndjson');
    const first = await Journal.open(path);
    first.append(record(0));
    first.close();
    const half = `{"type":"run","v":1,"log":"${'x'.repeat(200_000)}`;
    appendFileSync(path, half);
    const before = readFileSync(path);
    writeFileSync(`${path}.torn`, 'earlier\n');
    // Room for the lock, and for a part of what is put aside.
    writeFileSync(onDisk('page'), 'x');
    fill(onDisk('ballast'));
    rmSync(onDisk('page'));
    await expect(Journal.open(path)).rejects.toMatchObject({
      code: 'io-failure',
      message: expect.stringMatching(
        /\.torn cannot be written \(the disk is full\): .*\.ndjson is as it was\.$/,
      ),
      remedy: expect.stringContaining('Make room'),
    });
    expect(readFileSync(path)).toEqual(before);
    expect(readFileSync(`${path}.torn`)).toEqual(Buffer.from('earlier\n'));
    rmSync(onDisk('ballast'));
    (await Journal.open(path)).close();
    expect(readJournal(path)).toEqual([record(0)]);
    expect(readFileSync(`${path}.torn`, 'utf8')).toBe(`earlier\n${half}\n`);
  });

  // How it comes about: after a run, of which there is no record; within a run; before one.
  for (const [fault, words] of [
    ['fills', /journal\.ndjson cannot be written \(the disk is full\): the last record is not in it/],
    ['fills-early', /The run a\/resnet50\/1#\d met a full disk, and is not recorded \(ENOSPC: .*\)\./],
  ] as const) {
    test(`a study stops in one sentence and goes on later: ${fault}`, () => {
      const journal = onDisk('results/journal.ndjson');
      const first = study(fault);
      expect([first.code, first.stderr.trimEnd().split('\n').slice(-2)]).toEqual([
        1,
        [expect.stringMatching(words), 'Make room, then start again: a study goes on where it was.'],
      ]);
      const before = readFileSync(journal, 'utf8');
      expect(before.endsWith('\n')).toBe(true);
      expect(runsOf(readJournal(journal)).filter(({ cell }) => cell.startsWith('a/'))).toEqual([]);

      const again = study(fault);
      expect(again.code).toBe(1);
      expect(again.stderr).toMatch(/microjoule-study: .*(full|is full: the next run was not begun)/);
      expect(readFileSync(journal, 'utf8')).toBe(before);

      rmSync(onDisk('results/ballast'));
      writeFileSync(onDisk('results/spared'), '');
      expect(study(fault)).toMatchObject({ code: 0 });
      expect(readFileSync(journal, 'utf8').startsWith(before)).toBe(true);
      expectWhole(journal);
    });
  }

  test('a study does not begin', () => {
    mkdirSync(onDisk('results'));
    fill(onDisk('ballast'));
    const { code, stderr } = study('none');
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^microjoule-study: .*results.* \(the disk is full\).*\.\nMake room, .*\n$/),
    ]);
    rmSync(onDisk('ballast'));
    expect(study('none')).toMatchObject({ code: 0 });
    expectWhole(onDisk('results/journal.ndjson'));
  });

  test('a merge leaves nothing that looks like a journal', async () => {
    const source = join(folder, 'journal.ndjson');
    const journal = await Journal.open(source);
    const records = syntheticJournal({
      seed: 1,
      table: { subjects: [{ id: 'ort', runtime: 'onnxruntime', provider: 'cpu' }] },
      truth: () => ({ gpuJ: 0, cpuJ: 1, seconds: 0.01 }),
    });
    for (const one of records) journal.append(one);
    journal.close();
    const merge = () => run(process.execPath, [CLI, 'merge', source, '--into', onDisk('all.ndjson')], folder);
    // Room for a part of it.
    writeFileSync(onDisk('room'), Buffer.alloc(1 << 14));
    fill(onDisk('ballast'));
    rmSync(onDisk('room'));
    expect(merge()).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/all\.ndjson.* \(the disk is full\).*\.\nMake room, .*\n$/),
    });
    expect(readdirSync((disk as SmallDisk).path)).toEqual(['ballast']);
    rmSync(onDisk('ballast'));
    expect(merge()).toMatchObject({ code: 0 });
    expect(readJournal(onDisk('all.ndjson'))).toEqual(readJournal(source));
  });
});
