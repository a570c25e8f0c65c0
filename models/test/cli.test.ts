import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, expect, test } from 'vitest';
import { listModels } from '../src/index.js';
import { DIST, referenceRecord, scratchFolder, sha256 } from './helpers.js';

const CLI = join(DIST, '..', 'bin', 'microjoule-models.js');
const scratch = scratchFolder();
afterAll(scratch.remove);

let cwd: string;
let number = 0;
beforeEach(() => {
  cwd = join(scratch.path, String(number++));
  mkdirSync(cwd);
});

const run = (...args: string[]) => spawnSync(process.execPath, [CLI, ...args], { cwd, encoding: 'utf8' });

test('list says what there is, and --json the same for programs', () => {
  const text = run('list');
  expect(text.status).toBe(0);
  expect(text.stdout).toMatch(/^resnet50 .*25\.56 M parameters, 4\.09 G multiply-adds, 175 nodes$/m);
  expect(JSON.parse(run('list', '--json').stdout)).toEqual(listModels());
});

test('write makes a folder of three files and prints the paths', () => {
  const { status, stdout, stderr } = run('write', 'mobilenetv2');
  expect(stderr).toBe('');
  expect(status).toBe(0);
  const folder = join(cwd, 'mobilenetv2');
  expect(stdout).toBe(`${join(folder, 'model.onnx')}\n${join(folder, 'weights.safetensors')}\n`);
  expect(readdirSync(folder).sort()).toEqual(['manifest.json', 'model.onnx', 'weights.safetensors']);
  expect(sha256(join(folder, 'model.onnx'))).toBe(referenceRecord('mobilenetv2').sha256['model.onnx']);
});

test('write takes --seed, --precision and --out', () => {
  expect(run('write', 'mobilenetv2', '--seed', '9', '--precision', 'fp16', '--out', 'a/b').status).toBe(0);
  const manifest = JSON.parse(readFileSync(join(cwd, 'a/b/manifest.json'), 'utf8'));
  expect(manifest).toMatchObject({ name: 'mobilenetv2', seed: 9, precision: 'fp16' });
});

test('write leaves a folder alone that holds something', () => {
  mkdirSync(join(cwd, 'mine'));
  writeFileSync(join(cwd, 'mine', 'note'), 'keep');
  const { status, stderr } = run('write', 'mobilenetv2', '--out', 'mine');
  expect(status).toBe(2);
  expect(stderr).toContain('exists already and is not an empty folder');
  expect(readdirSync(cwd)).toEqual(['mine']);
  expect(readdirSync(join(cwd, 'mine'))).toEqual(['note']);
});

test('inputs writes one .npy file for each input', () => {
  const { status } = run('inputs', 'bert-base', '--batch', '3', '--sequence-length', '32', '--out', 'in');
  expect(status).toBe(0);
  expect(readdirSync(join(cwd, 'in')).sort()).toEqual([
    'attention_mask.npy',
    'input_ids.npy',
    'token_type_ids.npy',
  ]);
  expect(readFileSync(join(cwd, 'in/input_ids.npy'), 'latin1')).toContain("'shape': (3, 32)");
});

test('an interrupt ends it with 130 and leaves nothing', async () => {
  const child = spawn(process.execPath, [CLI, 'write', 'bert-base'], { cwd, stdio: 'ignore' });
  const end = once(child, 'close');
  // Its signal handlers stand before the first file does.
  while (readdirSync(cwd).length === 0 && child.exitCode === null) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  child.kill('SIGINT');
  expect(await end).toEqual([130, null]);
  expect(readdirSync(cwd)).toEqual([]);
});

test.each([
  [['write'], 'write takes the name of one model'],
  [['write', 'vgg'], 'There is no model named "vgg"'],
  [['write', 'mobilenetv2', '--seed', 'x'], "--seed takes a whole number, not 'x'"],
  [['write', 'mobilenetv2', '--precision', 'int4'], 'precision is "int4"'],
  [['write', 'mobilenetv2', '--sed', '1'], "Unknown option '--sed'"],
  [['inputs', 'resnet50', '--batch', '0'], 'batch is 0'],
  [['read'], "There is no command 'read'"],
  [['list', 'all'], 'list takes no further arguments'],
])('%j is refused with exit code 2 and a remedy', (args, message) => {
  const { status, stdout, stderr } = run(...args);
  expect(status).toBe(2);
  expect(stdout).toBe('');
  expect(stderr).toContain(`microjoule-models: ${message}`);
  expect(stderr).toContain('[invalid-argument]');
  expect(existsSync(join(cwd, 'mobilenetv2'))).toBe(false);
});

test('--help, --version and nothing at all', () => {
  expect(run('--help')).toMatchObject({
    status: 0,
    stdout: expect.stringContaining('Usage: microjoule-models'),
  });
  expect(run()).toMatchObject({ status: 2 });
  const { version } = JSON.parse(readFileSync(join(DIST, '..', 'package.json'), 'utf8'));
  expect(run('--version').stdout).toBe(`${version}\n`);
});
