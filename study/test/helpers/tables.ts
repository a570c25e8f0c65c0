import { join } from 'node:path';
import type { MeterOptions } from 'microjoule';
import { readTable } from '../../src/table/read-table.js';
import type { JournalRecord, RunRecord } from '../../src/types/journal.js';
import type { RunTable } from '../../src/types/table.js';

export const FAKE_WORKER = join(import.meta.dirname ?? __dirname, 'fake-worker.cjs');

/** No counter, whatever the machine has. */
export const NO_COUNTERS: MeterOptions = {
  sources: ['nvml'],
  roots: { nvml: '/nowhere/libnvidia-ml.so.1' },
  calibration: 'built-in',
};

/** Two runtimes whose workers are fakes, in runs as short as they can be. */
export const FAST = `version: 1
name: fast
models: [resnet50]
batches: [1]
repetitions: 2
subjects:
  - { id: a, runtime: pytorch, provider: cpu }
  - { id: b, runtime: tensorflow, provider: cpu }
protocol:
  windowSeconds: 0.05
  warmup: { inferences: 1, seconds: 0, maxSlopeCPerMinute: 1000 }
  idle: { bareSeconds: 0, residentSeconds: 0 }
  stability: { loadAverage1: 1000, timeoutSeconds: 0 }
  overheadSeconds: 0
  cooldownSeconds: 0
  timeoutSeconds: 20
interpreters:
  pytorch: ${FAKE_WORKER}
  tensorflow: ${FAKE_WORKER}
  mxnet: ${FAKE_WORKER}
`;

export function fastTable(change: (text: string) => string = (text) => text): RunTable {
  return readTable('fast.yaml', change(FAST));
}

export const runsOf = (records: readonly JournalRecord[]): RunRecord[] =>
  records.filter((one): one is RunRecord => one.type === 'run');
