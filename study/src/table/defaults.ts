import type { Protocol, RunTable } from '../types/table.js';

export const DEFAULT_PROTOCOL: Protocol = {
  windowSeconds: 5,
  warmup: { inferences: 20, seconds: 5, maxSlopeCPerMinute: 6, timeoutSeconds: 60 },
  idle: { bareSeconds: 3, residentSeconds: 3 },
  stability: {
    powerRelativeSd: 0.05,
    loadAverage1: 1,
    temperatureC: 5,
    otherWork: 'wait',
    timeoutSeconds: 120,
  },
  overheadSeconds: 2,
  cooldownSeconds: 5,
  timeoutSeconds: 600,
};

/** All that need not be given. */
export const DEFAULTS: Omit<RunTable, 'version' | 'name' | 'models' | 'batches' | 'subjects'> = {
  seed: 0,
  repetitions: 10,
  exclude: [],
  protocol: DEFAULT_PROTOCOL,
  nullRun: null,
  sequenceLength: 128,
  outliers: { rule: 'none' },
  agreement: { fp32: 1e-3, tf32: 1e-2, fp16: 3e-2 },
  compat2024: { enabled: false, idleSeconds: 600 },
  interpreters: {},
};
