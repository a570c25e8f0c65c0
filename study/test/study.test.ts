import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MeterOptions } from 'microjoule';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { FakeNvml, TWO_BOARDS } from '../../test/helpers/fake-nvml.js';
import { readJournal, segmentsOf } from '../src/journal/read.js';
import { runStudy, type StudyEvent } from '../src/run/study.js';
import type { RunRecord } from '../src/types/journal.js';
import type { RunTable } from '../src/types/table.js';
import { fastTable, NO_COUNTERS, runsOf } from './helpers/tables.js';

let out: string;
beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'mj-study-'));
});
afterEach(() => {
  rmSync(out, { recursive: true, force: true });
});

interface Options {
  meter?: MeterOptions;
  signal?: AbortSignal;
  newSegment?: boolean;
  on?: (event: StudyEvent) => void;
}

async function study(table: RunTable, more: Options = {}): Promise<RunRecord[]> {
  await runStudy({
    table,
    out,
    shard: null,
    newSegment: false,
    meter: NO_COUNTERS,
    signal: new AbortController().signal,
    on: () => undefined,
    ...more,
  });
  return runsOf(readJournal(join(out, 'journal.ndjson')));
}

describe('a study', () => {
  test('makes every run once, phase by phase, also where nothing can be metered', async () => {
    const runs = await study(fastTable());
    expect(runs.map(({ failure, status }) => [status, failure?.reason])).toEqual(
      Array(4).fill(['ok', undefined]),
    );
    expect(new Set(runs.map(({ id }) => id)).size).toBe(4);
    expect(runs.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3]);
    const [run] = runs as [RunRecord];
    expect(run.phases.map(({ name }) => name)).toEqual([
      'idle-bare-before',
      'load',
      'first-call',
      'warm-up',
      'idle-resident-before',
      'steady',
      'tail',
      'idle-resident-after',
      'sham',
      'idle-bare-after',
    ]);
    expect(run.steady?.seconds).toBeGreaterThanOrEqual(0.05);
    expect(run.steady?.energies.map(({ status, reason }) => [status, typeof reason])).toEqual([
      ['unsupported', 'string'],
    ]);
    expect(run.steady?.cpuSeconds).not.toBeNull();
    expect(run.overhead).toEqual({ pairs: [], reason: 'overheadSeconds is 0' });
    expect(run.agreement).toMatchObject({
      compared: false,
      reason: expect.stringContaining('weights of its own'),
    });
    const [segment] = segmentsOf(readJournal(join(out, 'journal.ndjson')));
    expect(segment).toMatchObject({ study: 'fast', segment: 0, simulated: false });
  });

  test('is refused on a journal of another table or machine, unless a new segment is asked for', async () => {
    const short = fastTable((text) => text.replace('repetitions: 2', 'repetitions: 1'));
    await study(short);
    await expect(study(fastTable())).rejects.toThrow(/there has changed the run table \(repetitions\)/);
    const runs = await study(fastTable(), { newSegment: true });
    expect(runs.map(({ segment }) => segment)).toEqual([0, 0, 1, 1, 1, 1]);
    // Nothing is left to do.
    expect(await study(fastTable())).toHaveLength(6);
  });

  test('that is interrupted ends its worker, says so, and goes on later', async () => {
    const controller = new AbortController();
    const on = (event: StudyEvent) => {
      if (event.type === 'phase' && event.phase === 'warm-up') controller.abort();
    };
    expect(await study(fastTable(), { signal: controller.signal, on })).toEqual([]);
    const records = readJournal(join(out, 'journal.ndjson'));
    expect(records.at(-1)).toMatchObject({ type: 'end', reason: 'interrupted' });
    expect(await study(fastTable())).toHaveLength(4);
    expect(readJournal(join(out, 'journal.ndjson')).at(-1)).toMatchObject({ type: 'end', reason: 'done' });
  });

  test('needs the interpreters of its runtimes before it starts', async () => {
    const table = fastTable((text) => text.replace(/pytorch: .*/, 'pytorch: /nowhere/python'));
    await expect(study(table)).rejects.toMatchObject({
      message: expect.stringContaining('/nowhere/python'),
      remedy: expect.stringContaining('interpreters.pytorch'),
    });
  });
});

/** How a worker misbehaves, in which phase it is caught, and what is said of it. */
const MISBEHAVIOURS: [how: string, during: string, reason: RegExp][] = [
  ['dies', 'first-call', /ended with code 7/],
  ['hangs', 'first-call', /did not answer 'infer' within 5 s/],
  ['garbage', 'first-call', /no JSON: Epoch 1/],
  ['wrong-ids', 'first-call', /its id is \d+, not \d+/],
  ['lacks', 'load', /deviceUuid is no text or null/],
  ['no-memory', 'load', /out of memory/],
  ['unconfirmed', 'first-call', /did not confirm that all work was done: nothing to wait with/],
  ['past', 'first-call', /outside the time from request to answer/],
  ['skips', 'warm-up', /inferences took/],
  ['queues', 'outputs', /still busy: reading outputs took/],
  ['shortens', 'steady', /lie outside its window/],
  ['bad-end', 'close', /ended with code 3/],
];

describe('a worker that', () => {
  test('misbehaves is a failed run with its log, never a cheap one', { timeout: 60_000 }, async () => {
    const subjects = MISBEHAVIOURS.map(
      ([how]) => `  - { id: ${how}, runtime: pytorch, provider: cpu, options: { fake: ${how} } }`,
    );
    const runs = await study(
      fastTable((text) =>
        text
          .replace(/ {2}- \{ id: a.*\n.*\n/, `${subjects.join('\n')}\n`)
          .replace('repetitions: 2', 'repetitions: 1')
          .replace('timeoutSeconds: 20', 'timeoutSeconds: 5'),
      ),
    );
    const found = Object.fromEntries(runs.map((run) => [run.id.split('/')[0], run]));
    for (const [how, during, reason] of MISBEHAVIOURS) {
      expect(found[how], how).toMatchObject({
        status: 'failed',
        failure: { during, reason: expect.stringMatching(reason), log: ['fake pytorch'] },
      });
      expect(found[how]?.steady).toBeUndefined();
    }
  });

  test('cannot do it here makes the cell impossible, and is asked once', async () => {
    const runs = await study(
      fastTable((text) =>
        text.replace('pytorch, provider: cpu', 'pytorch, provider: cpu, options: { fake: impossible }'),
      ),
    );
    const mine = runs.filter(({ cell }) => cell.startsWith('a/'));
    expect(mine.map(({ status, failure }) => [status, failure?.reason])).toEqual(
      Array(2).fill(['impossible', 'no machine code for this card']),
    );
    expect(mine[1]?.phases).toEqual([]);
    expect(runs.filter(({ status }) => status === 'ok')).toHaveLength(2);
  });
});

describe('energies', () => {
  test('on one of several GPUs meters that one alone, and shows its workers no other', async () => {
    const fake = new FakeNvml(`${TWO_BOARDS}`);
    const table = fastTable((text) =>
      text
        .replace('pytorch, provider: cpu', 'pytorch, provider: cuda, options: { gpu: gpu-2222 }')
        .replace('repetitions: 2', 'repetitions: 1'),
    );
    const runs = await study(table, { meter: { ...fake.options(), devices: [1] } });
    for (const { worker } of runs) expect(worker?.hello.versions).toMatchObject({ visible: 'GPU-2222' });
    const [segment] = segmentsOf(readJournal(join(out, 'journal.ndjson')));
    expect(segment?.machine.gpus.map(({ uuid }) => uuid)).toEqual(['GPU-2222']);
    const onGpu = runs.find(({ cell }) => cell.startsWith('a/'));
    expect(onGpu?.steady?.energies.map(({ id }) => id)).toEqual(['board-1']);
  });

  test('of 2024 say so where their idle time was none', { timeout: 60_000 }, async () => {
    // Two, so that it can be told in a container too.
    const fake = new FakeNvml(`${TWO_BOARDS}foreign 4242 60\nforeign 77 30\n`);
    const [run] = await study(
      fastTable((text) =>
        text.replace('repetitions: 2', 'repetitions: 1\ncompat2024: { enabled: true, idleSeconds: 0.5 }'),
      ),
      { meter: fake.options() },
    );
    expect(run?.compat2024?.note).toMatch(/not quiet: After \d+ s still: other processes use the GPU\.$/);
  });

  test('of loading are above the idle without a worker, of what follows above the resident idle', {
    timeout: 60_000,
  }, async () => {
    const fake = new FakeNvml(`${TWO_BOARDS}`);
    const [run] = await study(
      fastTable((text) =>
        text
          .replace('repetitions: 2', 'repetitions: 1')
          .replaceAll(
            /(pytorch|tensorflow), provider: cpu/g,
            '$1, provider: cuda, options: { gpu: gpu-2222, fake: builds }',
          )
          .replace('bareSeconds: 0', 'bareSeconds: 1'),
      ),
      { meter: fake.options() },
    );
    const idleOf = (name: string) =>
      run?.phases.find((phase) => phase.name === name)?.energies.find(({ id }) => id === 'board-1')?.idleW;
    // Nothing was resident and quiet in this run.
    expect(idleOf('load')?.value).toBeCloseTo(300, -1);
    expect(idleOf('engine-build')).toEqual(idleOf('load'));
    expect(idleOf('first-call')).toBeUndefined();
  });

  test('are those of the board that the worker is on, above its idle with the model resident', {
    timeout: 60_000,
  }, async () => {
    const fake = new FakeNvml(`${TWO_BOARDS}`);
    const runs = await study(
      fastTable((text) =>
        text
          .replace(
            'pytorch, provider: cpu',
            'pytorch, provider: cuda, options: { gpu: gpu-2222, fake: builds }',
          )
          .replace('tensorflow, provider: cpu', 'tensorflow, provider: cuda, options: { gpu: GPU-9999 }')
          .replace('repetitions: 2', 'repetitions: 1\ncompat2024: { enabled: true, idleSeconds: 1 }')
          .replace('windowSeconds: 0.05', 'windowSeconds: 1')
          .replace('overheadSeconds: 0', 'overheadSeconds: 1')
          .replace('residentSeconds: 0', 'residentSeconds: 1'),
      ),
      { meter: fake.options() },
    );
    const [matched, unmatched] = ['a', 'b'].map((id) =>
      runs.find(({ cell }) => cell.startsWith(`${id}/`)),
    ) as [RunRecord, RunRecord];
    expect(matched.failure).toBeUndefined();
    const steady = matched.steady as NonNullable<RunRecord['steady']>;
    expect(steady.energies.map(({ id }) => id)).toEqual(['board-1']);
    const [board] = steady.energies as [(typeof steady.energies)[number]];
    // 300 W, whatever the worker does.
    const watts = (board.gross?.value ?? 0) / steady.seconds;
    expect(Math.abs(watts - 300)).toBeLessThan((board.gross?.uncertainty ?? 0) / steady.seconds + 1);
    expect(Math.abs(board.net?.value ?? Number.NaN)).toBeLessThanOrEqual((board.net?.uncertainty ?? 0) * 1.5);
    expect(board.idleW?.value).toBeCloseTo(300, -1);
    expect(board.terms?.length).toBeGreaterThan(0);
    expect(board.grossTerms?.length).toBeGreaterThan(0);
    expect(matched.phases.map(({ name }) => name)).toContain('engine-build');
    expect(matched.phases.map(({ name }) => name)).toContain('overhead');
    expect(matched.overhead).toMatchObject({ inferencesPerBlock: expect.any(Number) });
    expect(matched.overhead?.pairs.length).toBeGreaterThanOrEqual(3);
    for (const seconds of matched.overhead?.pairs.flat() ?? []) expect(seconds).toBeGreaterThan(0);
    expect(matched.phases.find(({ name }) => name === 'sham')?.energies[0]?.net).toBeDefined();
    expect(matched.timeline?.map(({ id }) => id)).toContain('board-1');
    expect(matched.compat2024).toMatchObject({ idleGpuW: expect.closeTo(300, 0), cpuJ: null });
    expect(matched.compat2024?.note).not.toMatch(/not quiet/);
    expect(matched.temperatureC).not.toBeNull();
    expect(unmatched.steady?.energies).toEqual([
      expect.objectContaining({ status: 'unsupported', reason: expect.stringContaining('GPU-9999') }),
    ]);
    const [segment] = segmentsOf(readJournal(join(out, 'journal.ndjson')));
    expect(segment?.simulated).toBe(true);
  });
});
