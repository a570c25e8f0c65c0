import { describe, expect, it } from 'vitest';
import { analyse, cellsCsv, isValue, runsCsv } from '../src/analysis/index.js';
import type { Analysis, CellResult, Comparison, Value } from '../src/analysis/types.js';
import type { RunRecord } from '../src/types/journal.js';
import { gpuJournal, gpuSubject, type Synthetic } from './helpers/synthetic-journal.js';

const ORT = [
  gpuSubject('cuda', 'onnxruntime'),
  gpuSubject('trt', 'onnxruntime', { provider: 'tensorrt' }),
  gpuSubject('torch', 'pytorch'),
];

const journal = (more: Partial<Synthetic> = {}) => gpuJournal(ORT, more);

const cellOf = ({ cells }: Analysis, id: string) => cells.find((cell) => cell.id === id) as CellResult;
const value = (reading: unknown) => reading as Value;
const comparisonOf = ({ groups }: Analysis, a: string, b: string) =>
  groups[0]?.energy?.comparisons.find((one) => one.a.startsWith(a) && one.b.startsWith(b)) as Comparison;

describe('main table', () => {
  it('has means over runs, gross and net, with idle power and uncertainties', () => {
    const cell = cellOf(analyse(journal()), 'cuda/resnet50/1');
    expect(cell).toMatchObject({ label: 'ONNX Runtime CUDA', status: 'ok', n: 10, failed: 0, ranked: true });
    const { net, gross } = cell.perInference.gpu;
    expect(value(net).value).toBeCloseTo(0.42, 1);
    expect(value(gross).value - value(net).value).toBeCloseTo(118 * 0.002, 1);
    expect(value(cell.idleW.gpu).value).toBeGreaterThan(110);
    expect(value(net).combinedUncertainty).toBeGreaterThan(value(net).uncertainty as number);
    const power = value(cell.energy.gpu.gross).value / value(cell.elapsedSeconds).value;
    expect(value(cell.meanGpuPowerW).value).toBeCloseTo(power, 3);
    expect(value(cell.inferencesPerSecond).value).toBeCloseTo(500, -1);
  });

  it('does not shrink what all runs share', () => {
    const of = (shared: number) => {
      const { net } = cellOf(analyse(journal({ shared })), 'cuda/resnet50/1').perInference.gpu;
      return (value(net).uncertainty as number) / value(net).value;
    };
    expect(of(0)).toBeLessThan(0.01);
    expect(of(0.02)).toBeGreaterThan(1.96 * 0.02 * 0.9);
  });

  it('counts all of a gross uncertainty as shared where the journal does not divide it', () => {
    const edit = (run: RunRecord) => {
      for (const energy of run.steady?.energies ?? []) delete energy.grossTerms;
      return run;
    };
    const gross = (analysis: Analysis) => value(cellOf(analysis, 'cuda/resnet50/1').perInference.gpu.gross);
    const [divided, undivided] = [gross(analyse(journal())), gross(analyse(journal({ edit })))];
    expect(undivided.uncertainty).toBeGreaterThan(divided.uncertainty as number);
  });

  it('says what was not measured and why, and never 0', () => {
    const analysis = analyse(journal({ cpuMeasured: false }));
    const cell = cellOf(analysis, 'cuda/resnet50/1');
    expect(cell.energy.cpu.gross).toEqual({ notMeasured: expect.stringContaining('permission denied') });
    expect(cell.energy.total.gross).toEqual({ notMeasured: expect.stringContaining('package-0') });
    expect(isValue(cell.energy.gpu.gross)).toBe(true);
    expect(analysis.groups[0]?.energy?.sensors).toBe('gpu');
    expect(comparisonOf(analysis, 'trt', 'cuda').sentence).toContain('energy of the board');
  });

  it('has no board where the model ran on the processor', () => {
    const cpu = { id: 'cpu', runtime: 'onnxruntime', provider: 'cpu' } as const;
    const analysis = analyse(
      journal({ table: { subjects: [cpu] }, truth: () => ({ gpuJ: 0, cpuJ: 2, seconds: 0.04 }) }),
    );
    const cell = cellOf(analysis, 'cpu/resnet50/1');
    expect(cell.energy.gpu.gross).toEqual({ notMeasured: 'not used: the model ran on the processor' });
    expect(value(cell.energy.total.net).value).toBe(value(cell.energy.cpu.net).value);
  });

  it('keeps cells that are impossible, that failed, that disagree, and ranks none of them', () => {
    const table: Synthetic['table'] = {
      subjects: ORT,
      repetitions: 3,
      exclude: [{ subject: 'torch', reason: 'left out by hand' }],
    };
    const fail = (run: RunRecord): RunRecord => {
      const { steady: _, ...rest } = run;
      const failure = { during: 'steady' as const, reason: 'the worker died', log: ['Killed'] };
      return { ...rest, status: 'failed', failure };
    };
    const disagree = (run: RunRecord): RunRecord => ({
      ...run,
      agreement: { compared: true, error: 0.3, tolerance: 1e-3, agrees: false },
    });
    const edit = (run: RunRecord) => (run.cell.startsWith('cuda/') ? fail(run) : disagree(run));
    const analysis = analyse(journal({ table, edit }));
    expect(cellOf(analysis, 'torch/resnet50/1')).toMatchObject({
      status: 'impossible',
      reason: 'left out by hand',
    });
    expect(cellOf(analysis, 'cuda/resnet50/1')).toMatchObject({
      status: 'failed',
      failed: 3,
      reason: 'the worker died',
    });
    expect(cellOf(analysis, 'trt/resnet50/1')).toMatchObject({ status: 'disagrees', ranked: false });
    expect(analysis.groups[0]).toMatchObject({ energy: null, time: null });
    expect(analysis.failures).toHaveLength(3);
    expect(analysis.checks.filter(({ check }) => check === 'agreement')).toHaveLength(3);
  });
});

describe('which rows count', () => {
  const distort = (run: RunRecord): RunRecord => {
    if (run.id !== 'cuda/resnet50/1#4') return run;
    for (const energy of run.steady?.energies ?? []) {
      for (const key of ['net', 'gross'] as const) if (energy[key]) energy[key].value *= 3;
    }
    return run;
  };

  it('applies the outlier rule of the table, and lists what it excludes', () => {
    const table = { subjects: ORT, outliers: { rule: 'iqr', factor: 6 } } as const;
    const analysis = analyse(journal({ table: { ...table, subjects: [...ORT] }, edit: distort }));
    expect(analysis.excluded).toEqual([
      expect.objectContaining({ run: 'cuda/resnet50/1#4', why: 'outlier' }),
    ]);
    expect(cellOf(analysis, 'cuda/resnet50/1')).toMatchObject({ n: 9, excluded: 1 });
  });

  it('excludes nothing without a rule', () => {
    expect(analyse(journal({ edit: distort })).excluded).toEqual([]);
  });

  it('excludes suspect runs, unless all are', () => {
    const suspect = (which: (run: RunRecord) => boolean) => (run: RunRecord) => {
      const [board] = run.steady?.energies ?? [];
      if (board && which(run)) Object.assign(board, { status: 'suspect', reason: 'the counter was reset' });
      return run;
    };
    const one = analyse(journal({ edit: suspect(({ id }) => id === 'trt/resnet50/1#0') }));
    expect(one.excluded).toEqual([expect.objectContaining({ run: 'trt/resnet50/1#0', why: 'suspect' })]);
    const all = cellOf(analyse(journal({ edit: suspect(() => true) })), 'trt/resnet50/1');
    expect(all.energy.gpu.net).toEqual({ notMeasured: expect.stringContaining('suspect') });
    expect(all.n).toBe(10);
  });

  it('takes a run once, and no run of another table', () => {
    const records = journal();
    const [segment, first] = records as [never, RunRecord];
    const other = { ...(segment as object), tableHash: 'older', segment: 7 } as never;
    const strange = { ...first, segment: 7 };
    const analysis = analyse([other, strange, ...records, { ...first }]);
    expect(analysis.excluded).toEqual([expect.objectContaining({ why: 'duplicate' })]);
    expect(analysis.runs).toHaveLength(40);
    expect(analysis.notes[0]).toContain('another run table');
  });
});

describe('comparisons', () => {
  it('say in a sentence what intervals, test and floor allow', () => {
    const { sentence, verdict, ratio, test } = comparisonOf(analyse(journal()), 'trt', 'cuda');
    expect(verdict).toBe('less');
    expect(ratio.ratio).toBeCloseTo((0.152 + 0.05) / (0.42 + 0.05), 1);
    expect(test?.corrected).toBeLessThan(0.001);
    expect(sentence).toMatch(
      /^ONNX Runtime TensorRT used \d\d(\.\d)? % less energy than ONNX Runtime CUDA for ResNet-50 at batch 1 \(95 % CI [\d.]+ to [\d.]+ %\), above the null floor of [\d.]+ %; with idle power included, \d+ % less\.$/,
    );
  });

  it('cancel the gain of the board', () => {
    const width = (gain: number) => {
      const { ratio } = comparisonOf(analyse(journal({ gain, cpuMeasured: false })), 'trt', 'cuda');
      return (ratio.hi as number) - (ratio.lo as number);
    };
    expect(width(0.05)).toBeCloseTo(width(0), 2);
  });

  it('call nothing a difference that is below the floor of the null run', () => {
    const drift = (factor: number) => (run: RunRecord) => {
      for (const energy of run.steady?.energies ?? []) {
        if (run.cell.includes('~null') && energy.net) energy.net.value *= factor;
      }
      return run;
    };
    const truth = ({ subject }: { subject: { id: string } }) => ({
      gpuJ: subject.id === 'trt' ? 0.4 : 0.42,
      cpuJ: 0.01,
      seconds: 0.002,
    });
    const under = (factor: number) =>
      analyse(journal({ edit: drift(factor), truth, scatter: 0.001, shared: 0 }));
    const narrow = under(1.07);
    expect(narrow.groups[0]?.energy?.floor?.relative).toBeGreaterThan(0.05);
    expect(comparisonOf(narrow, 'trt', 'cuda').verdict).toBe('same');
    const wide = under(1.2);
    expect(wide.groups[0]?.energy?.floor?.relative).toBeGreaterThan(0.15);
    expect(comparisonOf(wide, 'trt', 'cuda')).toMatchObject({
      verdict: 'open',
      because: expect.stringMatching(/within the null floor of \d+ %, which is too wide/),
    });
  });

  it('say when the runs are too few for a corrected test', () => {
    const analysis = analyse(
      journal({ table: { subjects: ORT, repetitions: 2, nullRun: { subject: 'cuda' } } }),
    );
    const comparison = comparisonOf(analysis, 'trt', 'cuda');
    expect(comparison.verdict).toBe('open');
    expect(comparison.sentence).toContain('No difference in energy can be told');
    expect(analysis.groups[0]?.energy?.tooFew.join(' ')).toMatch(/runs of each could/);
  });

  it('have no interval of the time of one run, and say so', () => {
    const table = { subjects: ORT, repetitions: 1, nullRun: { subject: 'cuda' } };
    const { groups } = analyse(journal({ table }));
    const time = groups[0]?.time?.comparisons.find(({ a, b }) => a.startsWith('trt') && b.startsWith('cuda'));
    expect(time?.ratio).toEqual({
      ratio: expect.closeTo(0.3, 1),
      lo: null,
      hi: null,
      noInterval: expect.any(String),
    });
    expect(time?.sentence).toMatch(
      /^No difference in time can be told between .* for ResNet-50 at batch 1 \(\d+ % less for ONNX Runtime TensorRT\): one run gives no interval\.$/,
    );
    // An energy has that of its run.
    const energy = groups[0]?.energy?.comparisons.find(
      ({ a, b }) => a.startsWith('trt') && b.startsWith('cuda'),
    );
    const { lo, hi } = (energy as Comparison).ratio as { lo: number; hi: number };
    expect(hi - lo).toBeGreaterThan(0.005);
    expect(energy?.sentence).toContain('a test needs at least two runs of each');
  });

  it('say so where no null run was made', () => {
    const { sentence } = comparisonOf(analyse(journal({ table: { subjects: ORT } })), 'trt', 'cuda');
    expect(sentence).toContain('no null run was made');
  });
});

describe('beside the main table', () => {
  it('correlates energy and time over cells, overall and within each model', () => {
    const table: Synthetic['table'] = { subjects: ORT, models: ['resnet50', 'bert-base'], batches: [1, 64] };
    const { correlations } = analyse(journal({ table }));
    expect(correlations.map(({ of }) => of)).toEqual(
      expect.arrayContaining(['all', 'resnet50', 'bert-base']),
    );
    const all = correlations.find(
      (row) => row.of === 'all' && row.sensors === 'total' && row.basis === 'net',
    );
    expect(all?.n).toBe(12);
    expect(all?.result?.rho).toBeGreaterThan(0.9);
  });

  it('shows what subtracting idle does to a ratio', () => {
    const row = analyse(journal()).readings.find(({ cell }) => cell === 'torch/resnet50/1');
    expect(row?.net.ratio).toBeCloseTo((0.5 + 0.05) / (0.152 + 0.05), 1);
    expect(row?.gross.ratio).toBeGreaterThan(row?.net.ratio as number);
    expect(value(row?.idleW).value).toBeGreaterThan(140);
  });

  it('has the figures of 2024 where the journal has them', () => {
    const table: Synthetic['table'] = { subjects: ORT, compat2024: { enabled: true, idleSeconds: 600 } };
    const [row] = analyse(journal({ table, gain: 0 })).compat2024;
    expect(row?.gpuRatio).toBeCloseTo(0.9, 1);
    expect(analyse(journal()).compat2024).toEqual([]);
  });

  it('leaves out figures of 2024 whose idle was none', () => {
    const table: Synthetic['table'] = { subjects: ORT, compat2024: { enabled: true, idleSeconds: 600 } };
    const rowOf = (idleGpuW: number) => {
      const edit: Synthetic['edit'] = (record) => {
        const bare = record.phases.find(({ name }) => name === 'idle-bare-before');
        const gross = { value: 75 * 3, uncertainty: 1, combinedUncertainty: 5 };
        bare?.energies.push({ id: 'board-0', scope: 'board', status: 'ok', gross });
        if (record.compat2024) record.compat2024.idleGpuW = idleGpuW;
        return record;
      };
      const [row] = analyse(journal({ table, edit })).compat2024;
      return row;
    };
    expect(rowOf(80)?.gpuJ).toMatchObject({ n: 10 });
    const beside = rowOf(505);
    expect(beside).toMatchObject({
      n: 0,
      gpuJ: { notMeasured: expect.stringContaining('505 W') },
      gpuRatio: null,
      note: expect.stringContaining('(75 W)'),
    });
  });

  it('marks what is simulated', () => {
    expect(analyse(journal({ simulated: true })).simulated).toBe(true);
  });

  it('is plain data', () => {
    const analysis = analyse(journal());
    expect(JSON.parse(JSON.stringify(analysis))).toEqual(analysis);
  });

  it('refuses a journal without a study', () => {
    expect(() => analyse([])).toThrow('holds no study');
  });
});

describe('CSV', () => {
  const rowsOf = (text: string): Record<string, string>[] => {
    const [head = [], ...rows] = text
      .trimEnd()
      .split('\r\n')
      .map((line) => [...line.matchAll(/("(?:[^"]|"")*"|[^,]*)(?:,|$)/g)].map(([, field = '']) => field));
    return rows.map((row) => Object.fromEntries(head.map((name, i) => [name, row[i] ?? ''])));
  };

  it('has the columns of the main table with their uncertainties, and nothing where nothing was measured', () => {
    const analysis = analyse(journal({ cpuMeasured: false }));
    const [row = {}] = rowsOf(cellsCsv(analysis));
    expect(row).toMatchObject({
      model_name: 'resnet50',
      runtime: 'onnxruntime',
      provider: 'cuda',
      batch_size: '1',
    });
    expect(Number(row.gpu_energy_J)).toBeGreaterThan(0);
    expect(Number(row.gpu_energy_J_U)).toBeLessThan(Number(row.gpu_energy_J_U_with_gain));
    expect([row.cpu_energy_J, row.total_energy_J]).toEqual(['', '']);
    expect(row.not_measured).toMatch(
      /total_energy_J, cpu_energy_J, .*: package-0: the counters cannot be read/,
    );
    expect(Number(row.gpu_net_mJ_per_inference)).toBeCloseTo(420, -1.5);
  });

  it('has a row for every run, failed ones with their reason, in the order in which they were made', () => {
    const edit = (run: RunRecord): RunRecord => {
      if (run.sequence !== 2) return run;
      const { steady: _, ...rest } = run;
      return {
        ...rest,
        status: 'failed',
        failure: { during: 'steady', reason: 'it said "no", and died', log: [] },
      };
    };
    const rows = rowsOf(runsCsv(analyse(journal({ edit }))));
    expect(rows.map(({ sequence }) => Number(sequence))).toEqual(rows.map((_, i) => i));
    expect(rows[2]).toMatchObject({
      status: 'failed',
      excluded: '"steady: it said ""no"", and died"',
      total_energy_J: '',
    });
  });
});
