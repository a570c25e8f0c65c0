// The command line as a user starts it: the bundled dist/cli/main.js in a process of its own.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { root, run } from '../helpers/child.js';
import { FakeNvml, ONE_BOARD } from '../helpers/fake-nvml.js';
import { unary } from '../helpers/onnx-model.js';

const CLI = join(root, 'dist/cli/main.js');
let folder: string;
let fixed: string;
let free: string;

const microjoule = (...args: string[]) => run(process.execPath, [CLI, ...args], folder);

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mj-cli-'));
  fixed = join(folder, 'fixed.onnx');
  free = join(folder, 'free.onnx');
  writeFileSync(fixed, unary('Neg', 'float32', [2]));
  writeFileSync(free, unary('Neg', 'float32', ['batch', 'seq']));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const quick = ['--repetitions', '3', '--warmup', '1', '--idle', '0s'];

describe('microjoule', () => {
  test('without a command shows how to use it, and fails', () => {
    expect(microjoule()).toMatchObject({
      code: 2,
      stderr: '',
      stdout: expect.stringContaining('microjoule infer'),
    });
    expect(microjoule('--help').code).toBe(0);
    expect(microjoule('--version').stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect(microjoule('measure')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("no command 'measure'"),
    });
  });

  test('probe names every counter and provider, and why it cannot be used', () => {
    const { code, stdout, stderr } = microjoule(
      'probe',
      '--json',
      '--nvml',
      join(folder, 'absent.so'),
      '--onnxruntime',
      join(root, 'node_modules/onnxruntime-node'),
    );
    expect([code, stderr]).toEqual([0, '']);
    const report = JSON.parse(stdout);
    expect(report.node).toBe(process.version);
    for (const counter of report.counters) expect(counter.readable || counter.reason).toBeTruthy();
    expect(report.onnxruntime).toMatchObject({ found: true, version: '1.30.0' });
    const cuda = report.onnxruntime.providers.find((p: { name: string }) => p.name === 'cuda');
    expect(cuda).toMatchObject({ usable: false, code: 'provider-unavailable' });
    expect(cuda.reason).toContain('libonnxruntime_providers_');
  });

  test('probe says that a fake is one', () => {
    const { stdout } = microjoule('probe', '--nvml', new FakeNvml(ONE_BOARD, { origin: 'load' }).path);
    expect(stdout).toContain('SIMULATED');
    expect(stdout).toContain('Fake H100');
  });
});

describe('microjoule infer', () => {
  test('on a machine without counters gives the latencies and the reasons', () => {
    const { code, stdout, stderr } = microjoule(
      'infer',
      fixed,
      ...quick,
      '--nvml',
      join(folder, 'absent.so'),
    );
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('3 runs');
    expect(stdout).toContain('board-0: not measured:');
  });

  test('--json holds what other programs need', () => {
    const fake = new FakeNvml(ONE_BOARD, { origin: 'load' });
    const { code, stdout } = microjoule(
      'infer',
      fixed,
      '--min-duration',
      '400ms',
      '--idle',
      '400ms',
      '--nvml',
      fake.path,
      '--json',
      '--raw',
    );
    expect(code).toBe(0);
    const report = JSON.parse(stdout);
    expect(report.simulated).toContain('SIMULATED');
    expect(report).toMatchObject({ model: fixed, provider: 'cpu', batch: 2, latency: { unit: 'ms' } });
    for (const key of ['p50', 'p90', 'p99', 'mean']) expect(report.latency[key]).toBeGreaterThan(0);
    expect(report.latency.durations).toHaveLength(report.repetitions);
    expect(report.energy.scopes['board-0']).toMatchObject({ unit: 'J', kind: 'caused' });
    expect(report.idle['board-0'].before.unit).toBe('W');
    expect(report.conditions.devices).toHaveLength(1);
    expect(report.versions.onnxruntime).toBe('1.30.0');
    expect(report.timeline.series.length).toBeGreaterThan(0);
  });

  test('--uncertainty measures until it is met or the time is over, and says so in one sentence', () => {
    const fake = new FakeNvml(`${ONE_BOARD}counter 20 7 0\n`, { origin: 'load' });
    const { code, stdout, stderr } = microjoule(
      'infer',
      fixed,
      '--uncertainty',
      '5%',
      '--max-duration',
      '3s',
      '--scope',
      'board-0',
      '--nvml',
      fake.path,
    );
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/runs in [\d.]+ s, \d+ blocks of \d+/);
    expect(stdout).toMatch(/board-0 {2}all \d+ blocks/);
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(
      /runs in [\d,]+ blocks of [\d,]+ back to back .*not the 5 % asked for: .*\.$/,
    );
  });

  test('--mode burst tells bursts from runs back to back, with shams beside them', () => {
    const fake = new FakeNvml(`${ONE_BOARD}counter 20 7 0\n`, { origin: 'load' });
    const args = ['infer', fixed, '--mode', 'burst', '--repetitions', '2', '--sham', '--nvml', fake.path];
    const { code, stdout } = microjoule(...args, '--json', '--raw');
    expect(code).toBe(0);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({
      mode: 'burst',
      plan: { sentence: '2 runs, as asked.', blocks: 2, runsPerBlock: 1 },
      sham: { blocks: 2, kind: 'caused' },
      energy: { scopes: { 'board-0': { repeats: { mode: 'burst', blocks: 2 } } } },
    });
    expect(report.blocks).toHaveLength(2);
    const text = microjoule(...args).stdout;
    expect(text).toContain('2 bursts');
    expect(text).toContain('nothing, 2 times as long as a block');
  });

  test('text says SIMULATED too, and which figures it was made with', () => {
    const fake = new FakeNvml(ONE_BOARD, { origin: 'load' });
    const { stdout } = microjoule('infer', fixed, ...quick, '--nvml', fake.path);
    expect(stdout.startsWith('SIMULATED')).toBe(true);
    expect(stdout).toMatch(/board-0: built-in figures \(conservative\)/);
  });

  test('says how it ran: data path, nodes, precision; a trial run has the shape of the measurement', () => {
    const args = ['infer', free, ...quick, '--dim', 'seq=3', '--strict', '--tf32', 'off'];
    const { stdout } = microjoule(...args, '--data-path', 'host');
    expect(stdout).toMatch(/^data path +host$/m);
    expect(stdout).toMatch(/^nodes +1 on cpu, as they were assigned$/m);
    expect(stdout).toMatch(/^precision +cpu /m);
    const { code, stdout: json } = microjoule(...args, '--placement', 'profile', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(json)).toMatchObject({
      dataPath: 'host',
      graph: false,
      placement: { known: true, source: 'profile', nodes: { cpu: 1 } },
      precision: { cpu: { tf32: { allowed: false, from: 'not-applicable' } } },
    });
  });

  test('the built-in MobileNetV2 runs', () => {
    const { code, stdout } = microjoule('infer', 'mobilenetv2', ...quick, '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ model: 'mobilenetv2', batch: 1, repetitions: 3 });
  });

  test('lists the flags of dimensions left free', () => {
    const { code, stderr } = microjoule('infer', free, ...quick);
    expect(code).toBe(2);
    expect(stderr).toContain('--dim seq=N');
    expect(microjoule('infer', free, ...quick, '--batch', '4', '--dim', 'seq=3', '--json').stdout).toContain(
      '"batch": 4',
    );
  });

  test('takes an input from a .npy file', () => {
    const npy = join(folder, 'x.npy');
    const header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }".padEnd(117);
    writeFileSync(
      npy,
      Buffer.concat([
        Buffer.from('\x93NUMPY\x01\x00v\x00', 'latin1'),
        Buffer.from(`${header}\n`),
        Buffer.from(Float32Array.of(1, 2).buffer),
      ]),
    );
    expect(microjoule('infer', fixed, ...quick, '--input', `x=${npy}`)).toMatchObject({
      code: 0,
      stderr: '',
    });
    writeFileSync(npy, 'no array');
    expect(microjoule('infer', fixed, ...quick, '--input', `x=${npy}`)).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('not a usable .npy'),
    });
  });

  test.each([
    ['no model', [], 'takes one model'],
    ['a model that is nowhere', ['nothing.onnx'], 'no model file'],
    ['a data path that there is not', ['MODEL', '--data-path', 'gpu'], 'takes host, pinned or device'],
    ['memory of a GPU on the processor', ['MODEL', '--data-path', 'device'], 'Add --ep cuda'],
    [
      'memory of a GPU on the plugin',
      ['MODEL', '--data-path', 'pinned', '--ep', 'nv-tensorrt-rtx'],
      'is not offered with',
    ],
    ['a graph on the processor', ['MODEL', '--graph'], 'which cpu does not'],
    [
      'a graph on the plugin',
      ['MODEL', '--graph', '--ep', 'nv-tensorrt-rtx'],
      'Add --ep cuda or --ep tensorrt',
    ],
    [
      'a graph on ordinary memory',
      ['MODEL', '--graph', '--ep', 'cuda', '--data-path', 'host'],
      'Leave out one',
    ],
    [
      'a trial run of a graph',
      ['MODEL', '--graph', '--ep', 'cuda', '--placement', 'profile'],
      'Leave out --graph',
    ],
    ['another placement', ['MODEL', '--placement', 'all'], "takes profile, not 'all'"],
    ['TF32 that is neither', ['MODEL', '--tf32', 'yes'], 'takes on or off'],
    ['TF32 on the processor', ['MODEL', '--tf32', 'on'], 'the processor has no TF32'],
    ['a provider option without a value', ['MODEL', '--provider-option', 'use_tf32'], 'takes name=value'],
    ['an unknown option', ['MODEL', '--bacth', '2'], "'--bacth'"],
    ['a batch that is no number', ['MODEL', '--batch', 'two'], '--batch takes a whole number'],
    ['a batch where the model fixes it', ['MODEL', '--batch', '5'], 'cannot be honoured'],
    ['a duration without its unit', ['MODEL', '--min-duration', '5'], 'a number with a unit'],
    ['two lengths', ['MODEL', '--min-duration', '5s', '--repetitions', '3'], 'Only one of'],
    ['an uncertainty without its unit', ['MODEL', '--uncertainty', '0.02'], 'a percentage'],
    ['an uncertainty of 200 %', ['MODEL', '--uncertainty', '200%'], 'between 0 and 1'],
    ['a scope without a target', ['MODEL', '--scope', 'board'], '--uncertainty'],
    ['an unknown mode', ['MODEL', '--mode', 'fast'], 'sustained, burst, auto'],
    ['a dimension that the model lacks', ['MODEL', '--dim', 'seq=3'], "no free dimension 'seq'"],
    ['an input that the model lacks', ['MODEL', '--input', 'z=x.npy'], "no input 'z'"],
    ['an input file that is nowhere', ['MODEL', '--input', 'x=nowhere.npy'], 'cannot be read'],
    ['an unknown provider', ['MODEL', '--ep', 'gpu'], "no execution provider 'gpu'"],
  ])('refuses %s in one sentence', (_, args, text) => {
    const { code, stdout, stderr } = microjoule(
      'infer',
      ...args.map((arg) => (arg === 'MODEL' ? fixed : arg)),
    );
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toContain(text);
    expect(stderr).toContain('[invalid-argument]');
  });

  test('names the library that a provider lacks', () => {
    const { code, stderr } = microjoule('infer', fixed, '--ep', 'cuda', ...quick);
    expect(code).toBe(1);
    expect(stderr).toContain('libonnxruntime_providers_');
    expect(stderr).toContain('[provider-unavailable]');
  });

  test('judges a file that is no model', () => {
    const path = join(folder, 'random.onnx');
    writeFileSync(path, Buffer.from(Array.from({ length: 500 }, (_, i) => (i * 7919) % 251)));
    const { code, stderr } = microjoule('infer', path, ...quick);
    expect(code).toBe(1);
    expect(stderr).toContain('[invalid-model]');
    expect(stderr.trim().split('\n').length).toBeLessThanOrEqual(3);
  });
});
