// When an engine build pays, on journals of which the truth is known.
import { describe, expect, it } from 'vitest';
import { analyse } from '../src/analysis/index.js';
import type { BreakEven } from '../src/analysis/types.js';
import type { RunRecord } from '../src/types/journal.js';
import { gpuJournal, gpuSubject, gpuTruth, type Synthetic } from './helpers/synthetic-journal.js';

const ORT = [gpuSubject('cuda', 'onnxruntime'), gpuSubject('trt', 'onnxruntime', { provider: 'tensorrt' })];

const journal = (more: Partial<Synthetic> = {}) => gpuJournal(ORT, more);

describe('break-even of an engine build', () => {
  const truth: Synthetic['truth'] = (cell) => ({
    ...gpuTruth(cell),
    ...(cell.subject.id === 'trt' ? { build: { seconds: 50, joules: 9000 } } : {}),
  });

  const KEY = { key: '0123456789abcdef0123456789abcdef' };
  const cached: Synthetic['engine'] = ({ cell, repetition }) => {
    if (cell.subject.id !== 'trt') return undefined;
    if (cell.null && repetition === 0) return { state: 'built', ...KEY };
    return { state: 'cache', builtAt: '2026-11-26T09:00:00Z', ...KEY };
  };
  const UNREADABLE = { status: 'unsupported', reason: 'not permitted' };

  it('is the build over what an inference saves', () => {
    const [row] = analyse(journal({ truth })).breakEven;
    expect(row).toMatchObject({
      cell: 'trt/resnet50/1',
      against: 'cuda/resnet50/1',
      builds: 1,
      sensors: 'gpu',
    });
    const saved = 0.42 - 0.152 + 118 * (0.002 - 0.0006);
    const count = row?.inferences.energy as { value: number; lo: number; hi: number };
    expect(Math.abs(count.value / (9000 / saved) - 1)).toBeLessThan(0.08);
    expect(count.lo).toBeLessThan(count.value);
    const byTime = row?.inferences.time as { value: number };
    expect(byTime.value / (50 / 0.0014)).toBeCloseTo(1, 1);
  });

  it('never comes where nothing is saved', () => {
    const slower: Synthetic['truth'] = (cell) => {
      const own = truth(cell);
      return cell.subject.id === 'trt' ? { ...own, gpuJ: 0.6, seconds: 0.003 } : own;
    };
    const [row] = analyse(journal({ truth: slower })).breakEven;
    expect(row?.inferences.energy).toEqual({ never: expect.stringContaining('saves no energy') });
  });

  it('takes what is saved machine by machine, where the runs lie on several', () => {
    const near: Synthetic['truth'] = (cell) => ({
      ...truth(cell),
      seconds: 0.002,
      gpuJ: cell.subject.id === 'trt' ? 0.36 : 0.42,
    });
    const [row] = analyse(journal({ truth: near, machines: 0.2, scatter: 0.005, shared: 0 })).breakEven;
    const count = row?.inferences.energy as { value: number; lo: number; hi: number };
    expect(count.value / (9000 / 0.06)).toBeCloseTo(1, 0);
    expect(count.lo).toBeLessThan(9000 / 0.06);
    expect(count.hi).toBeGreaterThan(9000 / 0.06);
  });

  it('is not told without a build, and says where the engines came from', () => {
    const [row] = analyse(journal({ engine: cached })).breakEven;
    const reason = expect.stringContaining(
      'all came from the cache, built at 2026-11-26T09:00:00Z in no run',
    );
    expect(row).toMatchObject({
      builds: 0,
      buildJ: { notMeasured: reason },
      buildSeconds: { notMeasured: reason },
    });
    expect(row?.inferences).toEqual({ energy: { unknown: reason }, time: { unknown: reason } });
    const pending = analyse(journal({ engine: () => ({ state: 'pending' }) })).breakEven;
    expect(pending[0]?.buildJ).toEqual({ notMeasured: expect.stringContaining('in the first call') });
  });

  it('takes the build of whatever run made the engine: a null run, or one that failed', () => {
    const table: Synthetic['table'] = { subjects: ORT, repetitions: 3, nullRun: { subject: 'trt' } };
    const built: Synthetic['truth'] = (cell) => {
      const { build, ...rest } = truth(cell);
      return cell.null && build ? { ...rest, build } : rest;
    };
    const fail = (run: RunRecord): RunRecord => {
      if (run.id !== 'trt~null/resnet50/1#0') return run;
      const { steady: _, ...rest } = run;
      return { ...rest, status: 'failed', failure: { during: 'steady', reason: 'it died', log: [] } };
    };
    for (const edit of [undefined, fail]) {
      const [row] = analyse(
        journal({ table, truth: built, engine: cached, ...(edit ? { edit } : {}) }),
      ).breakEven;
      expect(row).toMatchObject({ cell: 'trt/resnet50/1', builds: 1, buildJ: { value: 9000 } });
    }
  });

  it('has the uncertainty of the build, and none from a single time', () => {
    const row = (uncertainty: number) => {
      const edit = (run: RunRecord) => {
        for (const { name, energies } of run.phases) {
          if (name === 'engine-build') Object.assign(energies[0]?.gross as object, { uncertainty });
        }
        return run;
      };
      return analyse(journal({ table: { subjects: ORT, repetitions: 1 }, truth, edit })).breakEven[0];
    };
    const width = (uncertainty: number) => {
      const { value, lo, hi } = (row(uncertainty) as BreakEven).inferences.energy as {
        value: number;
        lo: number;
        hi: number;
      };
      return (hi - lo) / value;
    };
    expect(width(1800)).toBeGreaterThan(0.38);
    expect(width(9)).toBeLessThan(0.2);
    expect(row(9)?.inferences.time).toEqual({
      value: expect.closeTo(50 / 0.0014, -3),
      noInterval: 'one run gives no interval',
    });
  });

  it('says why it cannot be told: nothing is saved for sure, or nothing was measured', () => {
    const alike: Synthetic['truth'] = (cell) => ({ ...truth(cell), gpuJ: 0.42, seconds: 0.002 });
    const unsure = analyse(journal({ truth: alike, scatter: 0.05 })).breakEven[0]?.inferences.energy;
    expect(unsure).toMatchObject({ unknown: expect.stringContaining('cannot be told') });
    const blind = (run: RunRecord) => {
      for (const { energies } of run.phases) {
        for (const one of energies) if (one.id === 'board-0') Object.assign(one, UNREADABLE);
      }
      return run;
    };
    const [row] = analyse(journal({ truth, edit: blind, cpuMeasured: false })).breakEven;
    const reason = expect.stringContaining('not permitted');
    expect(row).toMatchObject({
      builds: 1,
      buildJ: { notMeasured: reason },
      inferences: { energy: { unknown: reason } },
    });
    expect(row?.inferences.time).toHaveProperty('lo');
  });
});
