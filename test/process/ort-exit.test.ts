// The process ends by itself, with the right code and nothing on stderr, however sessions are left.
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { chain, unary } from '../helpers/onnx-model.js';

vi.setConfig({ testTimeout: 120_000 });

const FIXTURE = join(__dirname, 'fixtures/ort-exit.cjs');
let folder: string;
let quick: string;
let slow: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mj-exit-'));
  quick = join(folder, 'quick.onnx');
  slow = join(folder, 'slow.onnx');
  writeFileSync(quick, unary('Identity', 'float32', [4]));
  writeFileSync(slow, chain(256, 200));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  code: number | string | null;
  stdout: string;
  stderr: string;
}

const run = (name: string): Promise<Ended> =>
  new Promise((resolve) => {
    const args = ['--expose-gc', FIXTURE, name, quick, slow];
    execFile(process.execPath, args, { timeout: 60_000 }, (error, stdout, stderr) => {
      resolve({ code: error === null ? 0 : (error.signal ?? error.code ?? null), stdout, stderr });
    });
  });

describe('ends by itself with code 0 and a clean stderr', () => {
  test.each([
    'session left open',
    'session released',
    'ours, then onnxruntime-node',
    'onnxruntime-node, then ours',
    'both, released in either order',
    'workers started and stopped many times',
    'workers terminated in a run',
    'main and workers at once',
    'many sessions forgotten',
  ])('%s', async (name) => {
    expect(await run(name)).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  test('a pending run keeps the process alive until it has settled', async () => {
    const ended = await run('a pending run keeps the process alive');
    expect(ended).toEqual({ code: 0, stdout: 'settled', stderr: '' });
  });
});

describe('process.exit', () => {
  test.each([
    'process.exit with a session',
    'process.exit in a run',
    'process.exit while a run waits for the device',
  ])('%s', async (name) => {
    expect(await run(name)).toEqual({ code: 7, stdout: '', stderr: '' });
  });

  // Without the exit guard one in eight of these ends with a signal.
  test('while a session is made, many times', async () => {
    for (let i = 0; i < 10; i++) {
      expect(await run('process.exit while a session is made')).toEqual({ code: 7, stdout: '', stderr: '' });
    }
  });
});

describe('uncaught errors end it with code 1 and their own text alone', () => {
  test.each(['uncaught throw in a run', 'unhandled rejection with a session'])('%s', async (name) => {
    const ended = await run(name);
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/Error: on purpose/);
    expect(ended.stderr).not.toMatch(/onnxruntime|terminate called/);
  });
});

describe('two releases of ONNX Runtime in one process', () => {
  test('the one that is loaded is used, another one is refused with both paths', async () => {
    const { code, stdout, stderr } = await run('a second release beside a loaded one');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const told = JSON.parse(stdout);
    expect(told.used).toBe('1.29.0');
    expect(told.code).toBe('ort-version');
    expect(told.message).toMatch(/onnxruntime-node-previous.*onnxruntime-node\//);
    expect(told.remedy).toMatch(/npm ls onnxruntime-node/);
  });

  test('asked for by option: refused, and the first goes on', async () => {
    const { code, stdout, stderr } = await run('a second release by option');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toMatchObject({ used: '1.30.0', code: 'ort-version' });
  });
});
