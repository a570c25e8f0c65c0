import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MeterOptions } from 'microjoule';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
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
  vi.unstubAllEnvs();
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
    expect(run.agreement).toMatchObject({
      compared: false,
      reason: expect.stringContaining('weights of its own'),
    });
    const [segment] = segmentsOf(readJournal(join(out, 'journal.ndjson')));
    expect(segment).toMatchObject({ study: 'fast', segment: 0, simulated: false });
  });
});
