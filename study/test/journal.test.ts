import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { run } from '../../test/helpers/child.js';
import { Journal } from '../src/journal/journal.js';
import { readJournal } from '../src/journal/read.js';
import type { EndRecord } from '../src/types/journal.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mj-journal-'));
  path = join(folder, 'journal.ndjson');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const record = (segment: number): EndRecord => ({
  type: 'end',
  v: 1,
  segment,
  at: '2026-01-01T00:00:00.000Z',
  reason: 'done',
});

describe('the journal', () => {
  test('goes on after its last whole line; what was cut off is kept aside', async () => {
    const first = await Journal.open(path);
    first.append(record(0));
    first.close();
    appendFileSync(path, '{"type":"run","v":1,"seg');
    const second = await Journal.open(path);
    expect(second.records).toEqual([record(0)]);
    second.append(record(1));
    second.close();
    expect(readJournal(path)).toEqual([record(0), record(1)]);
    expect(readFileSync(`${path}.torn`, 'utf8')).toBe('{"type":"run","v":1,"seg\n');
  });

  test('with a broken line before the last is refused, and left as it is', async () => {
    const text = `${JSON.stringify(record(0))}\n{"type":\n${JSON.stringify(record(1))}\n`;
    writeFileSync(path, text);
    await expect(Journal.open(path)).rejects.toThrow(/line 2, is no record/);
    expect(readFileSync(path, 'utf8')).toBe(text);
    expect(existsSync(`${path}.lock`)).toBe(false);
  });

  test('has one writer at a time, also after the lock of one that was killed', async () => {
    const first = await Journal.open(path);
    await expect(Journal.open(path)).rejects.toThrow(/Another study is running on .*process \d+/);
    first.close();
    const owner = { pid: 1, host: (await import('node:os')).hostname(), since: 'then' };
    writeFileSync(`${path}.lock`, JSON.stringify(owner));
    (await Journal.open(path)).close();
    writeFileSync(`${path}.lock`, JSON.stringify({ ...owner, host: 'elsewhere' }));
    await expect(Journal.open(path)).rejects.toMatchObject({
      message: expect.stringContaining('on elsewhere'),
      remedy: expect.stringContaining('remove'),
    });
  });

  test('that is a device is refused, not read without end', async () => {
    symlinkSync('/dev/full', path);
    await expect(Journal.open(path)).rejects.toThrow(/journal\.ndjson is no file/);
  });

  test('that may not grow any more says so in one sentence, and loses nothing', () => {
    const program = `
      const { Journal } = require(${JSON.stringify(join(__dirname, '../dist/journal/journal.js'))});
      Journal.open(${JSON.stringify(path)}).then((journal) => {
        for (;;) journal.append({ type: 'end', v: 1, segment: 0, at: 'x'.repeat(700), reason: 'done' });
      }).catch((error) => console.log(JSON.stringify([error.code, error.message])));`;
    const quoted = program.replaceAll("'", `'\\''`);
    const { stdout } = run('bash', ['-c', `ulimit -f 2; exec ${process.execPath} -e '${quoted}'`], folder);
    const [code, message] = JSON.parse(stdout) as string[];
    expect(code).toBe('io-failure');
    expect(message).toContain('may not grow any more');
    const bytes = readFileSync(path);
    expect(bytes.at(-1)).toBe(0x0a);
    expect(readJournal(path).length).toBeGreaterThan(0);
  });
});
