// A journal of which the truth is known: energies an inference per subject, errors of one run, errors that all runs share,
// and a board's gain. Seeded.

import { planOf } from '../../src/plan/plan.js';
import { DEFAULTS } from '../../src/table/defaults.js';
import type {
  JournalRecord,
  Machine,
  PhaseName,
  RunRecord,
  ScopeEnergy,
  SegmentRecord,
} from '../../src/types/journal.js';
import type { WorkerEngine } from '../../src/types/protocol.js';
import type { Cell, RunTable, Subject } from '../../src/types/table.js';

export interface Truth {
  /** Above idle, J an inference. */
  gpuJ: number;
  cpuJ: number;
  /** s an inference. */
  seconds: number;
  /** Of an engine build, before the first run of a cell. */
  build?: { seconds: number; joules: number };
}

export interface Synthetic {
  seed: number;
  table: Partial<RunTable> & Pick<RunTable, 'subjects'>;
  truth(cell: Cell): Truth;
  /** Relative standard deviations: from run to run, of what all runs share (one draw a journal), of the board's gain. */
  scatter?: number;
  shared?: number;
  gain?: number;
  /** One machine a repetition, which differ by so much (relative standard deviation) in all that they take. */
  machines?: number;
  idleGpuW?: number;
  idleCpuW?: number;
  /** Default true. */
  cpuMeasured?: boolean;
  simulated?: boolean;
  /** Changes a run, or takes it away. */
  edit?(run: RunRecord): RunRecord | null;
  timelines?: boolean;
  /** What the worker said of its engine. */
  engine?(run: { cell: Cell; repetition: number }): WorkerEngine | undefined;
}

const UUID = 'GPU-11111111-2222-3333-4444-555555555555';
const NO_RAPL = 'the counters cannot be read: permission denied';

export function randomNumbers(seed: number): { uniform(): number; normal(): number } {
  let state = seed | 0;
  const uniform = () => {
    state = (state + 0x6d2b79f5) | 0;
    let z = Math.imul(state ^ (state >>> 15), 1 | state);
    z = (z + Math.imul(z ^ (z >>> 7), 61 | z)) ^ z;
    return (((z ^ (z >>> 14)) >>> 0) + 0.5) / 2 ** 32;
  };
  const normal = () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
  return { uniform, normal };
}

export const gpuSubject = (
  id: string,
  runtime: Subject['runtime'],
  more: Partial<Subject> = {},
): Subject => ({
  id,
  runtime,
  provider: 'cuda',
  ...more,
});

export function tableOf(part: Synthetic['table']): RunTable {
  return { ...DEFAULTS, version: 1, name: 'synthetic', models: ['resnet50'], batches: [1], ...part };
}

export function syntheticJournal(options: Synthetic): JournalRecord[] {
  const table = tableOf(options.table);
  const plan = planOf(table);
  const random = randomNumbers(options.seed);
  const { shared = 0, gain = 0 } = options;
  const common = { shared: 1 + shared * random.normal(), gain: 1 + gain * (2 * random.uniform() - 1) };
  const cells = new Map(plan.cells.map((cell) => [cell.id, cell]));
  const segment: SegmentRecord = {
    type: 'segment',
    v: 1,
    study: table.name,
    segment: 0,
    at: timeAt(0),
    table,
    tableHash: 'table',
    machine: MACHINE,
    machineHash: 'machine',
    versions: { microjoule: '0.1.0', 'microjoule-study': '0.1.0' },
    cells: plan.cells,
    runs: plan.runs,
    shard: null,
    simulated: options.simulated ?? false,
  };
  const { machines } = options;
  const differs = Array.from({ length: machines === undefined ? 0 : table.repetitions }, (_, i) => ({
    factor: 1 + (machines as number) * random.normal(),
    segment: { ...segment, segment: i, machineHash: `machine ${i}` },
  }));
  const runs = plan.runs.flatMap((planned, sequence): JournalRecord[] => {
    const cell = cells.get(planned.cell) as Cell;
    const { factor = 1, segment: own = segment } = differs[planned.repetition] ?? {};
    const there = { ...common, shared: common.shared * factor };
    const made = { ...runOf(options, cell, { ...planned, sequence }, there, random), segment: own.segment };
    const run = options.edit ? options.edit(made) : made;
    return run ? [run] : [];
  });
  const segments = differs.length === 0 ? [segment] : differs.map((one) => one.segment);
  return [...segments, ...runs, { type: 'end', v: 1, segment: 0, at: timeAt(runs.length), reason: 'done' }];
}

const MACHINE: Machine = {
  hostname: 'bench-1',
  cpu: 'Example CPU',
  logicalCpus: 16,
  memoryBytes: 128 * 2 ** 30,
  kernel: '6.1.0',
  os: 'Debian 12',
  governor: 'performance',
  gpus: [{ name: 'Example GPU', uuid: UUID, powerLimitW: 700 }],
  driver: '580.1',
};

const timeAt = (minutes: number) => new Date(Date.UTC(2026, 10, 27) + 60_000 * minutes).toISOString();

function runOf(
  options: Synthetic,
  cell: Cell,
  { id, repetition, sequence }: { id: string; repetition: number; sequence: number },
  common: { shared: number; gain: number },
  random: ReturnType<typeof randomNumbers>,
): RunRecord {
  const { scatter = 0, shared = 0, gain = 0, idleGpuW = 118, idleCpuW = 30, cpuMeasured = true } = options;
  const truth = options.truth(cell);
  const onGpu = cell.subject.provider !== 'cpu';
  const perInference = truth.seconds * (1 + 0.3 * scatter * random.normal());
  const inferences = Math.max(1, Math.ceil(5 / perInference));
  const seconds = inferences * perInference;
  const of = (
    scope: { id: string; scope: string },
    joules: number,
    idleW: number,
    gainOf: number,
  ): ScopeEnergy => {
    const net = inferences * joules * (1 + scatter * random.normal()) * common.shared * gainOf;
    return energyOf(scope, net, idleW * gainOf, seconds, sequence, { scatter, shared, gain });
  };
  const cpu = { id: 'package-0', scope: 'cpu-package' };
  const energies: ScopeEnergy[] = [
    ...(onGpu ? [of({ id: 'board-0', scope: 'board' }, truth.gpuJ, idleGpuW, common.gain)] : []),
    cpuMeasured ? of(cpu, truth.cpuJ, idleCpuW, 1) : { ...cpu, status: 'unsupported', reason: NO_RAPL },
  ];
  const latency = 1000 * perInference;
  const phase = (name: PhaseName, at: number, length: number, more: ScopeEnergy[] = []) => ({
    name,
    startNs: String(BigInt(Math.round(1e9 * (1000 * sequence + at)))),
    endNs: String(BigInt(Math.round(1e9 * (1000 * sequence + at + length)))),
    seconds: length,
    energies: more,
  });
  const build =
    truth.build && repetition === 0
      ? [phase('engine-build', 4, truth.build.seconds, [buildEnergy(truth.build.joules)])]
      : [];
  const engine = options.engine?.({ cell, repetition });
  const start = 10 + (build[0]?.seconds ?? 0);
  return {
    type: 'run',
    v: 1,
    segment: 0,
    id,
    cell: cell.id,
    repetition,
    sequence,
    startedAt: timeAt(sequence),
    endedAt: timeAt(sequence + 1),
    status: 'ok',
    worker: {
      hello: {
        protocol: 1,
        runtime: cell.subject.runtime,
        versions: { runtime: '1.0' },
        gpu: { usable: onGpu },
      },
      load: {
        callPath: cell.subject.callPath ?? 'run',
        precision: { tf32: false, fp16: false },
        threads: null,
        cudnnAutotune: null,
        deviceUuid: onGpu ? UUID : null,
        weights: 'exact',
        sameArchitecture: true,
        ...(engine ? { engine } : {}),
        phases: [],
      },
      inputHash: 'inputs',
      pid: 100 + sequence,
    },
    gate: {
      passed: true,
      waitedSeconds: 0.5,
      powerRelativeSd: 0.01,
      loadAverage1: 0.2,
      temperatureC: 40,
      otherWork: 'none',
    },
    phases: [
      phase('idle-bare-before', 0, 3),
      phase('load', 3, 1),
      ...build,
      phase('warm-up', start - 5, 5),
      phase('steady', start, seconds, energies),
      phase('idle-resident-after', start + seconds, 3),
    ],
    steady: {
      inferences,
      batch: cell.batch,
      seconds,
      synchronised: { confirmed: true, by: 'test' },
      latencyMs: {
        mean: latency,
        p50: latency,
        p90: 1.1 * latency,
        p99: 1.3 * latency,
        min: 0.9 * latency,
        max: 2 * latency,
        each: true,
      },
      energies,
      cpuSeconds: 0.8 * seconds,
      devices: onGpu ? [DEVICE] : [],
      meanGpuUtilisationPercent: onGpu ? 80 + random.normal() : null,
      meanGpuMemoryUtilisationPercent: onGpu ? 30 + random.normal() : null,
    },
    temperatureC: null,
    agreement: { compared: true, error: 1e-5, tolerance: 1e-3, agrees: true },
    ...(options.table.compat2024?.enabled
      ? {
          compat2024: {
            gpuJ: onGpu ? 0.9 * inferences * truth.gpuJ : null,
            cpuJ: cpuMeasured ? inferences * truth.cpuJ : null,
            seconds,
            idleGpuW,
            idleCpuW,
            samples: Math.round(100 * seconds),
            note: 'power polled each 10 ms',
          },
        }
      : {}),
    ...(options.timelines
      ? {
          timeline: timelineOf(
            energies,
            start,
            seconds,
            { 'board-0': idleGpuW, 'package-0': idleCpuW },
            random,
          ),
        }
      : {}),
    meterCpuSeconds: 0.05,
  };
}

const DEVICE = {
  id: 'board-0',
  name: 'Example GPU',
  uuid: UUID,
  pciBusId: '0000:01:00.0',
  temperatureC: { min: 50, max: 55, first: 50, last: 55 },
  smClockMHz: null,
  memoryClockMHz: null,
  gpuUtilisationPercent: null,
  memoryUtilisationPercent: null,
  powerLimitW: 700,
  throttleReasons: [],
  otherWork: 'none' as const,
  busyProcesses: [],
};

function energyOf(
  { id, scope }: { id: string; scope: string },
  net: number,
  idleW: number,
  seconds: number,
  sequence: number,
  { scatter, shared, gain }: { scatter: number; shared: number; gain: number },
): ScopeEnergy {
  const own = 1.96 * scatter * Math.abs(net);
  const common = 1.96 * shared * Math.abs(net);
  const uncertainty = Math.hypot(own, common);
  const quantity = (value: number) => ({
    value,
    uncertainty,
    combinedUncertainty: Math.hypot(uncertainty, 1.13 * gain * value),
  });
  const terms: ScopeEnergy['terms'] = [
    { name: 'edge-timing', key: `${id} edge@${sequence}`, uncertainty: own, distribution: 'normal' },
    { name: 'kernel', key: `${id} calibration`, uncertainty: common, distribution: 'normal' },
  ];
  return {
    id,
    scope,
    status: 'ok',
    method: 'test',
    gross: quantity(net + idleW * seconds),
    net: quantity(net),
    idleW: { value: idleW, uncertainty: 0.2, combinedUncertainty: 0.3 },
    terms,
    grossTerms: terms,
    gain: { relative: id === 'board-0' ? gain : 0, key: `${id} gain` },
  };
}

const buildEnergy = (joules: number): ScopeEnergy => ({
  id: 'board-0',
  scope: 'board',
  status: 'ok',
  gross: { value: joules, uncertainty: 0.01 * joules, combinedUncertainty: 0.05 * joules },
  gain: { relative: 0, key: 'board-0 gain' },
});

function timelineOf(
  energies: readonly ScopeEnergy[],
  start: number,
  seconds: number,
  idle: Record<string, number>,
  random: ReturnType<typeof randomNumbers>,
) {
  return energies.flatMap(({ id, net }) => {
    if (!net) return [];
    const idleW = idle[id] ?? 0;
    const at = Array.from(
      { length: 240 },
      (_, i) => Math.round((1000 * (i + 1) * (start + seconds + 3)) / 240) / 1000,
    );
    const watts = at.map((t) => {
      const busy =
        t > start && t < start + seconds
          ? net.value / seconds
          : t > start - 5 && t <= start
            ? 0.9 * (net.value / seconds)
            : 0;
      return Math.round(10 * (idleW + busy * (1 + 0.02 * random.normal()) + random.normal())) / 10;
    });
    return [{ id, seconds: at, watts }];
  });
}

const JOULES: Record<string, number> = { cuda: 0.42, trt: 0.152, torch: 0.5 };
const SECONDS: Record<string, number> = { cuda: 0.002, trt: 0.0006, torch: 0.0024 };

/** What CUDA, TensorRT and PyTorch take for an inference, about as on an H100: subjects 'cuda', 'trt' and 'torch'. */
export const gpuTruth: Synthetic['truth'] = ({ subject }) => ({
  gpuJ: JOULES[subject.id] as number,
  cpuJ: 0.05,
  seconds: SECONDS[subject.id] as number,
});

/** Ten runs of each of these, and of a null run of 'cuda'. */
export const gpuJournal = (subjects: Subject[], more: Partial<Synthetic> = {}) =>
  syntheticJournal({
    seed: 1,
    table: { subjects, repetitions: 10, nullRun: { subject: 'cuda' } },
    truth: gpuTruth,
    scatter: 0.01,
    shared: 0.005,
    gain: 0.05,
    ...more,
  });
