import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { root, run } from '../../test/helpers/child.js';
import { testIf } from '../../test/helpers/skip.js';
import { readJournal, segmentsOf } from '../src/journal/read.js';
import { FAST, runsOf } from './helpers/tables.js';

const CLI = join(import.meta.dirname ?? __dirname, '../bin/microjoule-study.js');
const GPU = FAST.replace('name: fast', 'name: a study of GPUs').replace('provider: cpu', 'provider: cuda');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'mj-many-'));
  writeFileSync(join(folder, 'study.yaml'), FAST.replace('name: fast', 'name: "A study: fast!"'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const study = (...args: string[]) => run(process.execPath, [CLI, ...args], folder);
const path = (shard: string) => `${shard}/journal.ndjson`;

describe('a study in shards', () => {
  test('is merged into what one machine would have made', () => {
    for (const shard of ['1', '2'])
      expect(study('run', '--out', shard, '--shard', `${shard}/2`).code).toBe(0);
    expect(study('merge', path('1'), path('2'), '--into', 'all.ndjson')).toMatchObject({
      code: 0,
      stderr: '',
    });
    const records = readJournal(join(folder, 'all.ndjson'));
    const [first] = segmentsOf(records);
    expect(
      runsOf(records)
        .map(({ id }) => id)
        .sort(),
    ).toEqual(first?.runs.map(({ id }) => id).sort());
    expect(segmentsOf(records).map(({ segment, shard }) => [segment, shard?.index])).toEqual([
      [0, 1],
      [1, 2],
    ]);
    for (const one of runsOf(records))
      expect(segmentsOf(records).some(({ segment }) => segment === one.segment)).toBe(true);
    // A copy counts once, a gap is told, and what was made twice is refused.
    const twice = study('merge', path('1'), path('1'), '--into', 'twice.ndjson');
    expect(twice.code).toBe(1);
    expect(twice.stderr).toContain('2 runs stood in more than one journal and were taken once');
    expect(twice.stderr).toContain('2 runs are missing');
    expect(study('run', '--out', 'again', '--shard', '1/2').code).toBe(0);
    expect(study('merge', path('1'), path('again'), '--into', 'both.ndjson')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(
        /The run .* was made twice, in 1\/journal\.ndjson and in again\/journal\.ndjson/,
      ),
    });
    expect(study('merge', path('1'), '--into', 'all.ndjson').code).toBe(2);
  });

  test('of a GPU that is none, or is not there, is refused before anything is begun', () => {
    for (const [gpu, reason] of [
      ['first', /--gpu takes NVML's number of a GPU or its UUID, not 'first'/],
      ['17', /There is no GPU 17 here/],
    ] as const) {
      const { code, stderr } = study('run', '--gpu', gpu, '--nvml', '/nowhere/libnvidia-ml.so.1');
      expect([code, stderr]).toEqual([2, expect.stringMatching(reason)]);
    }
    expect(readJournal(join(folder, path('results')))).toEqual([]);
  });

  test('is spread by a job array of Slurm', () => {
    const { code, stdout } = study('emit', 'slurm', '--shards', '4', '--out', "it's here");
    expect(code).toBe(0);
    expect(stdout).toContain('#SBATCH --array=1-4\n');
    expect(stdout).toContain('#SBATCH --exclusive\n');
    expect(stdout).not.toContain('--gpus');
    expect(run('bash', ['-n', '-c', stdout], folder)).toMatchObject({ code: 0, stderr: '' });
  });

  test('is spread by an Indexed Job of Kubernetes, with the run table in it', () => {
    const { code, stdout } = study(
      'emit',
      'kubernetes',
      '--shards',
      '3',
      '--image',
      'registry.example/study:1',
    );
    expect(code).toBe(0);
    const [configMap, job] = parseAllDocuments(stdout).map((document) => document.toJS());
    expect(configMap.data['study.yaml']).toBe(readFileSync(join(folder, 'study.yaml'), 'utf8'));
    expect(job.metadata.name).toBe('a-study-fast');
    expect(job.spec).toMatchObject({ completions: 3, parallelism: 3, completionMode: 'Indexed' });
    expect(job.spec.template.spec.containers[0].args[0]).toContain('--shard "$shard/3"');
    expect(stdout).not.toContain('&a1');
  });

  const validator = join(root, '.venv-tools/bin/kubernetes-validate');
  const absent = 'kubernetes-validate is not installed: node tools/format.mjs installs it';
  testIf(existsSync(validator), absent)('has a manifest that Kubernetes takes', () => {
    const validate = (manifest: string, release: string) => {
      writeFileSync(join(folder, 'job.yaml'), manifest);
      const { code, stdout, stderr } = run(validator, ['--strict', '-k', release, 'job.yaml'], folder);
      return { code, said: stdout + stderr };
    };
    writeFileSync(join(folder, 'gpu.yaml'), GPU);
    for (const table of ['study.yaml', 'gpu.yaml']) {
      const { stdout } = study('emit', 'kubernetes', table, '--shards', '3', '--image', 'example/study:1');
      for (const release of ['1.25', '1.37']) {
        const { code, said } = validate(stdout, release);
        expect([code, said]).toEqual([0, expect.stringMatching(/configmap\/a-study[\s\S]*job\/a-study/)]);
      }
      const broken = (from: string, to: string) => {
        expect(stdout).toContain(from);
        return validate(stdout.replace(from, to), '1.37');
      };
      expect(broken('completions: 3', 'completions: three')).toMatchObject({
        code: 1,
        said: expect.stringContaining("spec.completions: 'three' is not of type 'integer'"),
      });
      expect(broken('backoffLimit', 'backofLimit')).toMatchObject({
        code: 1,
        said: expect.stringContaining("'backofLimit' was unexpected"),
      });
      expect(broken('labelSelector', 'labelSelectors').code).toBe(1);
    }
  });

  test.each([
    [['emit', 'slurm'], /--shards N/],
    [['emit', 'pbs', '--shards', '2'], /Allowed: slurm, kubernetes/],
    [['run', '--shard', '3/2'], /i from 1 to n/],
    [['run', '--shart', '1/2'], /Unknown option '--shart'/],
    [['cell', '--runtime', 'onnxruntime'], /--model/],
    [['cell', '--runtime', 'onnxruntime', '--model', 'vgg'], /Allowed: resnet50/],
    [['run', 'absent.yaml'], /cannot be read.*\n.*init/],
    [['merge', 'x'], /--into/],
  ])('%j is refused in one sentence', (args, words) => {
    const { code, stderr } = study(...args);
    expect([code, stderr]).toEqual([2, expect.stringMatching(words)]);
  });
});

test('one cell is one row and an exit code', { timeout: 60_000 }, () => {
  const quick = ['--window', '0.3', '--idle', '0', '--warmup', '0', '--gate', '0', '--json'];
  const good = study(
    'cell',
    '--runtime',
    'onnxruntime',
    '--model',
    'mobilenetv2',
    '--threads',
    '1',
    ...quick,
  );
  expect(good.code).toBe(0);
  expect(JSON.parse(good.stdout)).toMatchObject({
    model_name: 'mobilenetv2',
    runtime: 'onnxruntime',
    batch_size: 1,
    status: 'ok',
    gpu_energy_J: null,
    outputs_agree: true,
  });
});
