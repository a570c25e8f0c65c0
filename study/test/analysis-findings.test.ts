import { describe, expect, it } from 'vitest';
import { analyse } from '../src/analysis/index.js';
import type { Finding } from '../src/analysis/types.js';
import type { RunRecord } from '../src/types/journal.js';
import type { Cell, Subject } from '../src/types/table.js';
import { gpuSubject, type Synthetic, syntheticJournal } from './helpers/synthetic-journal.js';

const SUBJECTS: Subject[] = [
  gpuSubject('torch', 'pytorch'),
  gpuSubject('tf', 'tensorflow'),
  gpuSubject('mx', 'mxnet'),
  gpuSubject('ort', 'onnxruntime'),
  gpuSubject('trt', 'onnxruntime', { provider: 'tensorrt' }),
];

/** As the paper has it. */
const paper: Record<string, number> = { torch: 4, tf: 8.2, mx: 3.4, ort: 2.7, trt: 2.1 };
const asThePaper = ({ subject, model, batch }: Cell) => {
  const { torch = 0, mx = 0, [subject.id]: own = 0 } = paper;
  const same = batch === 64 && subject.id === 'mx' ? torch : own;
  const joules = model === 'bert-base' && subject.id === 'mx' ? torch + mx : same;
  return { gpuJ: joules, cpuJ: 0.1, seconds: joules / 100 };
};

const findingsOf = (more: Partial<Synthetic> = {}): Map<string, Finding> => {
  const records = syntheticJournal({
    seed: 3,
    table: {
      subjects: SUBJECTS,
      models: ['resnet50', 'mobilenetv2', 'bert-base'],
      batches: [1, 64],
      repetitions: 6,
      nullRun: { subject: 'torch' },
    },
    truth: asThePaper,
    scatter: 0.005,
    ...more,
  });
  return new Map(analyse(records).findings.map((finding) => [finding.id, finding]));
};

const answers = (findings: Map<string, Finding>) =>
  Object.fromEntries([...findings].map(([id, { answer }]) => [id, answer]));

describe("the paper's findings", () => {
  it('hold where the data are as the paper has them', () => {
    const found = findingsOf();
    const { 'pytorch-mxnet-batch-64': same, ...others } = answers(found);
    expect(new Set(Object.values(others))).toEqual(new Set(['holds']));
    // Whether equal means also show as equal is a matter of the draw; they never show as different.
    expect(same).not.toBe('does not hold');
    expect(found.get('tensorrt-cuda')?.evidence).toHaveLength(6);
    expect(found.get('tensorrt-cuda')?.evidence[0]?.text).toMatch(
      /TensorRT used .* less energy than .* CUDA for ResNet-50/,
    );
    expect(found.get('mxnet-vision-batch-1')?.evidence.some(({ bearing }) => bearing === 'aside')).toBe(true);
  });

  it('do not hold where the data say otherwise', () => {
    const truth = (cell: Cell) => {
      const { gpuJ, cpuJ } = asThePaper(cell);
      return { gpuJ: 10 - gpuJ, cpuJ, seconds: (10 - gpuJ) / 100 };
    };
    const found = answers(findingsOf({ truth }));
    for (const id of ['mxnet-vision-batch-1', 'tensorflow-batch-64', 'pytorch-bert', 'tensorrt-cuda']) {
      expect([id, found[id]]).toEqual([id, 'does not hold']);
    }
  });

  it('are not refuted by what is as claimed, and too small for the null floor', () => {
    const findings = findingsOf({
      scatter: 0.001,
      truth: (cell) => ({ gpuJ: cell.subject.id === 'trt' ? 2.6 : 2.7, cpuJ: 0.01, seconds: 0.02 }),
      edit: (record) => {
        for (const energy of record.steady?.energies ?? []) {
          if (record.cell.includes('~null') && energy.net) energy.net.value *= 1.06;
        }
        return record;
      },
    });
    const finding = findings.get('tensorrt-cuda');
    expect(finding?.answer).toBe('cannot be told');
    expect(finding?.evidence.map(({ bearing, text }) => [bearing, /do not differ/.test(text)])).toEqual(
      Array(6).fill(['open', true]),
    );
  });

  it('cannot be told without the cells, with the reason that the cells have', () => {
    const edit = (run: RunRecord): RunRecord => {
      if (!run.cell.startsWith('mx/')) return run;
      const { steady: _, ...rest } = run;
      const failure = { during: 'load' as const, reason: 'no machine code for sm_90', log: [] };
      return { ...rest, status: 'impossible', failure };
    };
    const found = findingsOf({ edit });
    expect(found.get('mxnet-vision-batch-1')?.answer).toBe('cannot be told');
    expect(found.get('mxnet-vision-batch-1')?.evidence[0]?.text).toContain('no machine code for sm_90');
    expect(found.get('tensorrt-cuda')?.answer).toBe('holds');
    const without = findingsOf({
      table: { subjects: SUBJECTS.filter(({ id }) => id !== 'trt'), models: ['resnet50'], batches: [1, 64] },
    });
    expect(without.get('tensorrt-cuda')).toMatchObject({ answer: 'cannot be told', evidence: [] });
    expect(without.get('pytorch-bert')?.summary).toContain('no cells');
  });

  it('are told by time where energy was not measured', () => {
    const cpu = SUBJECTS.slice(0, 4).map((subject): Subject => ({ ...subject, provider: 'cpu' }));
    const found = findingsOf({
      table: { subjects: cpu, models: ['resnet50'], batches: [1, 8], repetitions: 8 },
      cpuMeasured: false,
    });
    const first = found.get('mxnet-vision-batch-1');
    expect(first).toMatchObject({ on: 'CPU', answer: 'cannot be told', byTime: { answer: 'holds' } });
    expect(first?.evidence[0]?.text).toContain('permission denied');
    expect(found.get('tensorflow-batch-64')?.byTime.evidence[0]?.group).toBe('ResNet-50 at batch 8');
  });
});
