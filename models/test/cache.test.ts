import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { cachedModel } from '../src/index.js';
import { DIST, referenceRecord, scratchFolder, sha256 } from './helpers.js';

const scratch = scratchFolder();
afterAll(scratch.remove);

let cacheDir: string;
let number = 0;
beforeEach(() => {
  cacheDir = join(scratch.path, `cache-${number++}`);
});

const cached = (options: Parameters<typeof cachedModel>[1] = {}) =>
  cachedModel('mobilenetv2', { cacheDir, ...options });

const weightsOf = (model: string) => join(dirname(model), 'weights.safetensors');

function expectWhole(model: string): void {
  const recorded = referenceRecord('mobilenetv2').sha256;
  expect(sha256(model)).toBe(recorded['model.onnx']);
  expect(sha256(weightsOf(model))).toBe(recorded['weights.safetensors']);
}

/** A process that prints the path, or the error's code and message. */
function childAsking(shellPrefix = ''): ChildProcess {
  const script = `require(${JSON.stringify(DIST)}).cachedModel('mobilenetv2', { cacheDir: ${JSON.stringify(cacheDir)} }).then(
    (path) => console.log(path), (e) => { console.log(e.code + ': ' + e.message); process.exitCode = 1; })`;
  return spawn('/bin/sh', ['-c', `${shellPrefix} exec "$0" -e "$1"`, process.execPath, script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

async function ended(child: ChildProcess): Promise<{ code: number | null; text: string }> {
  let text = '';
  child.stdout?.on('data', (chunk) => {
    text += chunk;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, text: text.trim() };
}

test('a model is written once and found again, whole', async () => {
  let written = 0;
  const first = await cached({ onProgress: (bytes) => (written = bytes) });
  expect(written).toBe(statSync(weightsOf(first)).size);
  expectWhole(first);
  const modified = statSync(first).mtimeMs;
  expect(await cached({ onProgress: () => expect.unreachable() })).toBe(first);
  expect(statSync(first).mtimeMs).toBe(modified);
});

test('seeds and precisions have entries of their own', async () => {
  const paths = [await cached(), await cached({ seed: 1 }), await cached({ precision: 'fp16' })];
  expect(new Set(paths).size).toBe(3);
  expect(sha256(weightsOf(paths[1] as string))).not.toBe(sha256(weightsOf(paths[0] as string)));
});

test('the cache is in the user’s cache folder', async () => {
  process.env.XDG_CACHE_HOME = join(scratch.path, 'xdg');
  try {
    const path = await cachedModel('mobilenetv2');
    expect(path.startsWith(join(scratch.path, 'xdg', 'microjoule', 'models', 'mobilenetv2-'))).toBe(true);
  } finally {
    delete process.env.XDG_CACHE_HOME;
  }
});

describe('a damaged entry is written again, with a notice:', () => {
  // One entry for all: each leaves it whole.
  const shared = join(scratch.path, 'damaged');
  const damages: [string, (model: string) => void][] = [
    ['a changed byte of the weights', (model) => flipByte(weightsOf(model), 1_000_000)],
    ['truncated weights', (model) => truncateSync(weightsOf(model), 5000)],
    ['a changed byte of the graph', (model) => flipByte(model, 100)],
    ['a missing file', (model) => rmSync(weightsOf(model))],
    ['a broken manifest', (model) => writeFileSync(join(dirname(model), 'manifest.json'), '{')],
    ['an empty manifest', (model) => writeFileSync(join(dirname(model), 'manifest.json'), '{}')],
    [
      'a file in its place',
      (model) => {
        rmSync(dirname(model), { recursive: true });
        writeFileSync(dirname(model), '');
      },
    ],
  ];

  test.each(damages)('%s', async (_, damage) => {
    const model = await cached({ cacheDir: shared });
    damage(model);
    const notices: string[] = [];
    expect(await cached({ cacheDir: shared, onNotice: (text) => notices.push(text) })).toBe(model);
    expectWhole(model);
    expect(notices).toHaveLength(1);
    expect(notices[0]).toContain('damaged');
    expect(readdirSync(shared)).toHaveLength(1);
  });
});

function flipByte(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] = (bytes[at] as number) ^ 1;
  writeFileSync(path, bytes);
}

test('two processes at once both get the whole model and leave nothing else', async () => {
  const answers = await Promise.all([childAsking(), childAsking()].map(ended));
  expect(answers.map((a) => a.code)).toEqual([0, 0]);
  expect(answers[0]?.text).toBe(answers[1]?.text);
  expectWhole(answers[0]?.text as string);
  expect(readdirSync(cacheDir)).toHaveLength(1);
});

test('so do two that find it damaged', async () => {
  const model = await cached();
  truncateSync(weightsOf(model), 5000);
  const answers = await Promise.all([childAsking(), childAsking()].map(ended));
  expect(answers.map((a) => a.text)).toEqual([model, model]);
  expectWhole(model);
  expect(readdirSync(cacheDir)).toHaveLength(1);
});

test('a full disk is a clear error, and nothing half-written stays', async () => {
  // No file may grow beyond 4000 blocks of 512 bytes (dash) or 1 KiB (bash): less than the weights' 14 MB.
  const { code, text } = await ended(childAsking('ulimit -f 4000 &&'));
  expect(code).toBe(1);
  expect(text).toMatch(
    /^io-failure: The disk is full or a file size limit was reached while writing .*mobilenetv2-/,
  );
  expect(readdirSync(cacheDir)).toEqual([]);
  expectWhole(await cached());
});

test('a cancelled writing leaves nothing and says so', async () => {
  const controller = new AbortController();
  const writing = cached({ signal: controller.signal, onProgress: () => controller.abort() });
  await expect(writing).rejects.toMatchObject({ code: 'aborted' });
  expect(readdirSync(cacheDir)).toEqual([]);
});

test('what a killed process left is removed after a day, not before', async () => {
  const [old, recent] = ['.old.tmp', '.recent.tmp'].map((name) => join(cacheDir, name)) as [string, string];
  mkdirSync(old, { recursive: true });
  mkdirSync(recent);
  const yesterday = Date.now() / 1000 - 25 * 3600;
  utimesSync(old, yesterday, yesterday);
  await cached();
  expect([existsSync(old), existsSync(recent)]).toEqual([false, true]);
});

test('a cache folder that cannot be made is an error with a code and a remedy', async () => {
  const file = join(scratch.path, 'file');
  writeFileSync(file, '');
  const asking = cachedModel('mobilenetv2', { cacheDir: join(file, 'cache') });
  await expect(asking).rejects.toMatchObject({ code: 'io-failure' });
});

test.each([
  [{ seed: -1 }, 'seed is -1'],
  [{ seed: 2 ** 32 }, 'seed is 4294967296'],
  [{ seed: Number.NaN }, 'seed is NaN'],
  [{ precision: 'int8' as 'fp16' }, 'precision is "int8"'],
])('%o is refused before anything is written', async (options, message) => {
  await expect(cached(options)).rejects.toMatchObject({
    code: 'invalid-argument',
    message: expect.stringContaining(message),
  });
  expect(existsSync(cacheDir)).toBe(false);
});
