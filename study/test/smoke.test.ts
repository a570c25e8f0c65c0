// The real thing, as a user starts it: ONNX Runtime on the processor.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { cachedModel, writeInputs } from 'microjoule-models';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { run } from '../../test/helpers/child.js';
import { readJournal } from '../src/journal/read.js';
import { runConformance } from '../src/runtimes/conformance.js';
import { runsOf } from './helpers/tables.js';

const CLI = join(import.meta.dirname ?? __dirname, '../bin/microjoule-study.js');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mj-smoke-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const TABLE = `version: 1
name: smoke
models: [mobilenetv2]
batches: [1]
repetitions: 2
subjects:
  - { id: ort, runtime: onnxruntime, provider: cpu, threads: 1 }
  - { id: ort-tensorrt, runtime: onnxruntime, provider: tensorrt }
nullRun: { subject: ort }
protocol:
  windowSeconds: 0.3
  warmup: { inferences: 2, seconds: 0.1 }
  idle: { bareSeconds: 0, residentSeconds: 0.1 }
  stability: { loadAverage1: 1000, timeoutSeconds: 0 }
  cooldownSeconds: 0
`;

test('a study of the real ONNX Runtime worker runs to its end', { timeout: 120_000 }, () => {
  writeFileSync(join(folder, 'smoke.yaml'), TABLE);
  const ended = run(process.execPath, [CLI, 'run', 'smoke.yaml', '--out', 'out'], folder);
  expect([ended.code, ended.stdout]).toEqual([0, '']);
  expect(ended.stderr.split('\n').filter((line) => /^\[\d\/6\] /.test(line))).toHaveLength(6);
  const runs = runsOf(readJournal(join(folder, 'out/journal.ndjson')));
  const [real, tensorrt] = [
    runs.filter(({ cell }) => !cell.includes('tensorrt')),
    runs.filter(({ cell }) => cell.includes('tensorrt')),
  ];
  expect(real).toHaveLength(4);
  for (const { status, steady, agreement, worker } of real) {
    expect(status).toBe('ok');
    expect(steady?.seconds).toBeGreaterThanOrEqual(0.3);
    expect(steady?.latencyMs.p50).toBeGreaterThan(0);
    expect(agreement).toMatchObject({ compared: true, agrees: true });
    expect(worker?.load).toMatchObject({ callPath: 'run', threads: 1, weights: 'exact', deviceUuid: null });
  }
  // Where there is a GPU with TensorRT it runs; elsewhere the cell says why not.
  for (const { status, failure } of tensorrt) expect(status === 'ok' || failure?.reason).toBeTruthy();
  const status = run(process.execPath, [CLI, 'status', '--out', 'out', '--json'], folder);
  expect(JSON.parse(status.stdout)).toMatchObject([{ planned: 6, left: 0, lastEnd: 'done' }]);
  expect(run(process.execPath, [CLI, 'analyse', '--out', 'out'], folder)).toMatchObject({
    code: 0,
    stderr: '',
  });
  expect(readFileSync(join(folder, 'out/analysis/cells.csv'), 'utf8')).toContain('mobilenetv2');
  expect(run(process.execPath, [CLI, 'report', '--out', 'out'], folder)).toMatchObject({
    code: 0,
    stderr: '',
  });
  expect(readFileSync(join(folder, 'out/report.html'), 'utf8')).toContain('<html');
});

test('the worker of ONNX Runtime conforms', { timeout: 120_000 }, async () => {
  const onnx = await cachedModel('mobilenetv2');
  const out = join(folder, 'inputs');
  const [input] = await writeInputs('mobilenetv2', { out });
  const subject = {
    model: 'mobilenetv2',
    weights: join(dirname(onnx), 'weights.safetensors'),
    onnx,
    provider: 'cpu' as const,
    batch: 1,
    sequenceLength: 64,
    inputs: { input: input as string },
    outputs: ['logits'],
  };
  const script = join(import.meta.dirname ?? __dirname, '../dist/worker/onnxruntime.js');
  const { checks } = await runConformance([process.execPath, script], { subject, timeoutSeconds: 60 });
  expect(checks.filter(({ status }) => status !== 'passed')).toEqual([]);
});
