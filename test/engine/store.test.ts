// Engines on disk: whole or not there, whatever else happens to the folder.
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { describeAnew, discard, findEngine, keep, makeWork, takeKept } from '../../src/engine/store.js';
import type { EngineDescription, EngineKeyParts } from '../../src/index.js';

const KEY = '0123456789abcdef0123456789abcdef';
const base = mkdtempSync(join(tmpdir(), 'mj-store-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));
let root: string;
beforeEach(() => {
  root = join(mkdtempSync(join(base, 'x')), 'engines');
});

function described(files: Record<string, string>): EngineDescription {
  return {
    format: 1,
    key: KEY,
    of: {} as EngineKeyParts,
    files: Object.entries(files).map(([name, text]) => ({ name, bytes: text.length })),
    record: { builtAt: 'now', builtOn: 'GPU-1', durationMs: 1, stage: 'creation', microjoule: '0' },
  };
}

async function build(files: Record<string, string>): Promise<string> {
  const work = await makeWork(root, KEY);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(work, name), text);
  return work;
}

test('what is kept is found, with its description, and can be taken', async () => {
  const files = {
    'a.engine': 'engine',
    'b.engine': 'dynamic',
    'b.profile': 'shapes',
    'c.timing': 'no part of it',
  };
  const { 'c.timing': _, ...kept } = files;
  await keep(root, await build(files), described(kept));
  expect(await findEngine(root, KEY)).toEqual(described(kept));
  expect(readdirSync(join(root, KEY)).sort()).toEqual(['a.engine', 'b.engine', 'b.profile', 'engine.json']);
  const work = await makeWork(root, KEY);
  expect(await takeKept(root, KEY, work)).toBe(true);
  expect(readFileSync(join(work, 'a.engine'), 'utf8')).toBe('engine');
  // An engine with a profile is rebuilt in place: that must not reach what is kept.
  writeFileSync(join(work, 'b.engine'), 'other');
  expect(readFileSync(join(root, KEY, 'b.engine'), 'utf8')).toBe('dynamic');
});

test('nothing is found where a file is missing, cut or described otherwise', async () => {
  expect(await findEngine(root, KEY)).toBeUndefined();
  const harms: [string, string][] = [
    ['a.engine', 'eng'],
    ['engine.json', '{"format":1'],
    ['engine.json', JSON.stringify({ ...described({}), key: 'another' })],
    ['engine.json', JSON.stringify({ ...described({ 'a.engine': 'engine' }), format: 2 })],
  ];
  for (const [name, text] of harms) {
    await keep(root, await build({ 'a.engine': 'engine' }), described({ 'a.engine': 'engine' }));
    expect(await findEngine(root, KEY)).toBeDefined();
    writeFileSync(join(root, KEY, name), text);
    expect(await findEngine(root, KEY)).toBeUndefined();
  }
  await discard(root, KEY);
  expect(await takeKept(root, KEY, await makeWork(root, KEY))).toBe(false);
});

test('builders at once leave one whole engine, and so does each that comes later', async () => {
  const works = await Promise.all(Array.from({ length: 8 }, (_, i) => build({ 'a.engine': `engine ${i}` })));
  const all = works.map((work) => keep(root, work, described({ 'a.engine': 'engine 0' })));
  const ended = await Promise.allSettled(all);
  expect(ended.some(({ status }) => status === 'fulfilled')).toBe(true);
  expect(await findEngine(root, KEY)).toBeDefined();
  for (const work of works) rmSync(work, { recursive: true });
  expect(readdirSync(root)).toEqual([KEY]);
  await keep(root, await build({ 'a.engine': 'later' }), described({ 'a.engine': 'later' }));
  expect(readFileSync(join(root, KEY, 'a.engine'), 'utf8')).toBe('later');
});

test('a description is written anew in one step, and nowhere where the engine is gone', async () => {
  await keep(root, await build({ 'a.engine': 'engine' }), described({ 'a.engine': 'engine' }));
  const told = described({ 'a.engine': 'engine' });
  told.record.board = 'board-0';
  expect(await describeAnew(root, told)).toBe(true);
  expect((await findEngine(root, KEY))?.record.board).toBe('board-0');
  await discard(root, KEY);
  expect(await describeAnew(root, told)).toBe(false);
  expect(readdirSync(root).filter((name) => !name.endsWith('.work'))).toEqual([]);
});

test('what a killed process left a day ago is swept, and nothing else', async () => {
  const names = [`${KEY}.1-abc.work`, `${KEY}.2-abc.new`, `${KEY}.3-abc.work`, 'mine.work', KEY];
  for (const name of names) mkdirSync(join(root, name), { recursive: true });
  const yesterday = Date.now() / 1000 - 25 * 3600;
  for (const name of names.filter((one) => !one.includes('.3-'))) {
    utimesSync(join(root, name), yesterday, yesterday);
  }
  await makeWork(root, KEY);
  expect(names.map((name) => existsSync(join(root, name)))).toEqual([false, false, true, true, true]);
});
