// A study of TensorRT beside CUDA on stand-ins: engines are built once a cell, and the build's energy is in the journal.
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { FakeNvml } from '../../test/helpers/fake-nvml.js';
import { analyse } from '../src/analysis/index.js';
import { readJournal } from '../src/journal/read.js';
import { runStudy } from '../src/run/study.js';
import type { JournalQuantity, JournalRecord, RunRecord } from '../src/types/journal.js';
import { WorkerMachine } from './helpers/gpu-worker.js';
import { fastTable, runsOf } from './helpers/tables.js';

const BOARD = 'device GPU-f0f1f2f3-f4f5-f6f7-f8f9-fafbfcfdfeff 00000000:A0:00.0 Fake H100\nbase 100\n';

/** TensorRT with and without a cache beside CUDA; the null run of the first is what builds. */
async function study(machine: WorkerMachine): Promise<JournalRecord[]> {
  // Workers have the environment of the study, which is this test's own process.
  Object.assign(process.env, machine.environment(), { MJ_FAKE_BUILD_MS: '1000' });
  const subject = (id: string, provider: string, more = '') =>
    `  - { id: ${id}, runtime: onnxruntime, provider: ${provider}, options: ${JSON.stringify(machine.options)}${more} }\n`;
  const subjects = [
    subject('cuda', 'cuda'),
    subject('kept', 'tensorrt'),
    subject('each', 'tensorrt', ', engineCache: false'),
  ];
  const table = fastTable((text) =>
    text
      .replace('[resnet50]', '[mobilenetv2]')
      .replace('repetitions: 2', 'repetitions: 1\nnullRun: { subject: kept }')
      .replace(/ {2}- \{ id: a.*\n.*\n/, subjects.join('')),
  );
  const out = machine.path('study');
  await runStudy({
    table,
    out,
    shard: null,
    newSegment: false,
    meter: new FakeNvml(BOARD).options(),
    signal: new AbortController().signal,
    on: () => undefined,
  });
  return readJournal(join(out, 'journal.ndjson'));
}

const buildOf = ({ phases }: RunRecord) => phases.find(({ name }) => name === 'engine-build');

test('an engine is built once for a cell and its null run, and what that took is kept', {
  timeout: 120_000,
}, async () => {
  const records = await study(new WorkerMachine());
  const runs = runsOf(records);
  expect(runs.map(({ failure }) => failure?.reason)).toEqual(Array(4).fill(undefined));
  const [twin, kept, each, cuda] = ['kept~null', 'kept', 'each', 'cuda'].map((id) =>
    runs.find(({ cell }) => cell.startsWith(`${id}/`)),
  ) as [RunRecord, RunRecord, RunRecord, RunRecord];
  expect(twin.sequence).toBeLessThan(kept.sequence);
  expect(twin.worker?.load?.engine?.state).toBe('built');
  expect(kept.worker?.load?.engine).toMatchObject({ state: 'cache', key: twin.worker?.load?.engine?.key });
  expect(each.worker?.load?.engine).toEqual({ state: 'built' });
  expect([kept, cuda].map(buildOf)).toEqual([undefined, undefined]);
  const build = buildOf(twin) as NonNullable<ReturnType<typeof buildOf>>;
  expect(build.seconds).toBeGreaterThanOrEqual(1);
  expect(buildOf(each)?.seconds).toBeGreaterThanOrEqual(1);
  const board = build.energies[0]?.gross as JournalQuantity;
  // 100 W all the time.
  expect(Math.abs(board.value - 100 * build.seconds)).toBeLessThanOrEqual(1.5 * board.uncertainty);
  const rows = analyse(records).breakEven;
  expect(rows.map(({ cell, builds, sensors }) => [cell, builds, sensors])).toEqual([
    ['kept/mobilenetv2/1', 1, 'gpu'],
    ['each/mobilenetv2/1', 1, 'gpu'],
  ]);
  expect(rows[0]?.buildJ).toMatchObject({ value: board.value, n: 1 });
});
