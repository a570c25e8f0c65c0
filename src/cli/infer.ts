import {
  breakEven,
  InferenceSession,
  type MeasureOptions,
  Meter,
  type MeterOptions,
  type PhasesOptions,
  type PhasesProgress,
  type RaplInterface,
} from '../index.js';
import { type Arguments, parse } from './arguments.js';
import {
  BUILD_HISTORY_S,
  ENGINE_OPTIONS,
  engineChoice,
  knownCost,
  type Opened,
  openMetered,
  opponent,
} from './engines.js';
import { asJson, describe, type InferRun } from './infer-report.js';
import { makeFeeds } from './inputs.js';
import { type ModelFile, openModel } from './model.js';
import { historyOption, type PhasesRun, phasesOptions, refuseWithoutPhases } from './phases.js';
import { describePhases, phasesAsJson, phasesProgressText } from './phases-report.js';
import { progressText, type StatusLine, statusLine } from './progress.js';
import { invalidArgument } from './refuse.js';
import { ROOT_OPTIONS, rootsOf } from './roots.js';
import {
  askedProvider,
  checkRunOptions,
  type FixedInputs,
  fixDimensions,
  measureChoices,
  providerOptions,
  RUN_OPTIONS,
  sessionChoices,
} from './run-options.js';
import { USAGE } from './usage.js';

const OPTIONS = {
  ep: { type: 'string' },
  'provider-option': { type: 'string', multiple: true },
  ...ENGINE_OPTIONS,
  batch: { type: 'string' },
  dim: { type: 'string', multiple: true },
  input: { type: 'string', multiple: true },
  range: { type: 'string', multiple: true },
  seed: { type: 'string' },
  repetitions: { type: 'string' },
  'min-duration': { type: 'string' },
  uncertainty: { type: 'string' },
  scope: { type: 'string' },
  'max-duration': { type: 'string' },
  mode: { type: 'string' },
  'runs-per-block': { type: 'string' },
  sham: { type: 'boolean' },
  warmup: { type: 'string' },
  idle: { type: 'string' },
  ...RUN_OPTIONS,
  phases: { type: 'boolean' },
  duration: { type: 'string' },
  threads: { type: 'string' },
  onnxruntime: { type: 'string' },
  'rapl-interface': { type: 'string' },
  'library-folder': { type: 'string', multiple: true },
  ...ROOT_OPTIONS,
  raw: { type: 'boolean' },
  json: { type: 'boolean' },
} as const;

export async function infer(argv: string[]): Promise<void> {
  const args = parse(argv, OPTIONS, USAGE);
  const run = await measured(args);
  const marksAsText = (_: string, value: unknown) => (typeof value === 'bigint' ? String(value) : value);
  const raw = args.flag('raw');
  const told = () => ('phases' in run ? phasesAsJson(run, raw) : asJson(run, raw));
  const json = () => `${JSON.stringify(told(), marksAsText, 2)}\n`;
  const text = () => ('phases' in run ? describePhases(run) : describe(run));
  process.stdout.write(args.flag('json') ? json() : text());
}

async function measured(args: Arguments): Promise<InferRun | PhasesRun> {
  const [name, ...more] = args.positionals;
  if (name === undefined || more.length > 0) {
    throw invalidArgument('infer takes one model: an .onnx file or the name of a built-in one.', USAGE);
  }
  const provider = askedProvider(args);
  const against = opponent(args, provider);
  engineChoice(args, provider);
  const options = measureOptions(args);
  checkRunOptions(args, provider);
  if (against !== undefined) checkRunOptions(args, against);
  const seed = args.count('seed') ?? 0;
  const phases = args.flag('phases') ? phasesOptions(args, seed) : refuseWithoutPhases(args);
  const model = await openModel(name, seed);
  const fixed = await fixDimensions(args, model);
  const meter = await Meter.open(meterOptions(args, provider));
  const status = statusLine();
  try {
    const job: Job = { args, options, model, fixed, meter, status };
    if (phases) return await measuredPhases(job, provider, phases);
    const run = await measuredOn(job, provider);
    return against === undefined ? run : { ...run, against: await measuredAgainst(job, run, against) };
  } finally {
    status.clear();
    await meter.close();
  }
}

/** One command: what is measured, and by what. */
interface Job {
  args: Arguments;
  options: MeasureOptions<Meter>;
  model: ModelFile;
  fixed: FixedInputs | undefined;
  meter: Meter;
  status: StatusLine;
}

async function measuredPhases(job: Job, provider: string, options: PhasesOptions<Meter>): Promise<PhasesRun> {
  const { args, model, fixed, meter, status } = job;
  const { session } = await opened(job, provider);
  try {
    const feeds = makeFeeds(fixed ?? session, model, args, args.count('seed') ?? 0);
    const onProgress = (p: PhasesProgress) => status.show(phasesProgressText(model.label, p));
    const phases = await session.measurePhases(feeds, { ...options, meter, onProgress });
    return { model: model.label, batch: Object.values(feeds)[0]?.dims[0] ?? 1, phases };
  } finally {
    status.clear();
    await session.release();
  }
}

async function measuredOn(job: Job, provider: string): Promise<InferRun> {
  const { args, options, model, fixed, meter, status } = job;
  const { session, build } = await opened(job, provider);
  try {
    const feeds = makeFeeds(fixed ?? session, model, args, args.count('seed') ?? 0);
    const measurement = await session.measure(feeds, {
      ...options,
      meter,
      onProgress: (p) => status.show(progressText(model.label, p)),
    });
    const batch = Object.values(feeds)[0]?.dims[0] ?? 1;
    // Of free shapes the engine was built in a run before the measurement.
    const cost = build ?? (await knownCost(session, meter));
    return { model: model.label, batch, measurement, ...(cost === undefined ? {} : { build: cost }) };
  } finally {
    status.clear();
    await session.release();
  }
}

async function opened({ args, model, fixed, meter, status }: Job, provider: string): Promise<Opened> {
  const options = sessionOptions(args, provider, fixed);
  if (provider === 'tensorrt') {
    return await openMetered(model.label, model.path, options, engineChoice(args, provider), meter, status);
  }
  return { session: await InferenceSession.create(model.path, options), build: undefined };
}

/** The other provider in the same sitting, and when the engine is paid. */
async function measuredAgainst(
  job: Job,
  { measurement: faster, build }: InferRun,
  provider: string,
): Promise<NonNullable<InferRun['against']>> {
  const { measurement } = await measuredOn(job, provider);
  if (build === undefined) return { measurement, reason: 'what the engine cost is not known' };
  return { measurement, breakEven: breakEven(build, measurement, faster) };
}

function meterOptions(args: Arguments, provider: string): MeterOptions {
  const raplInterface = args.text('rapl-interface');
  // The library refuses one that there is not.
  return {
    ...rootsOf(args),
    ...historyOption(args, provider === 'tensorrt' ? BUILD_HISTORY_S : 0),
    ...(raplInterface === undefined ? {} : { raplInterface: raplInterface as RaplInterface }),
  };
}

function measureOptions(args: Arguments): MeasureOptions<Meter> {
  const idleMs = args.durationMs('idle');
  const given = {
    repetitions: args.count('repetitions'),
    minDurationMs: args.durationMs('min-duration'),
    maxDurationMs: args.durationMs('max-duration'),
    warmup: args.count('warmup'),
    // The library refuses a mode that there is not.
    mode: args.text('mode') as MeasureOptions['mode'],
    runsPerBlock: args.count('runs-per-block'),
  };
  return {
    ...(Object.fromEntries(
      Object.entries(given).filter(([, value]) => value !== undefined),
    ) as MeasureOptions<Meter>),
    ...targetOption(args),
    ...measureChoices(args),
    ...(args.flag('sham') ? { sham: true } : {}),
    ...(idleMs === undefined ? {} : { idle: idleMs === 0 ? false : { beforeMs: idleMs, afterMs: idleMs } }),
  };
}

function targetOption(args: Arguments): Pick<MeasureOptions, 'target'> {
  const relativeUncertainty = args.share('uncertainty');
  const scope = args.text('scope');
  if (relativeUncertainty !== undefined) {
    return { target: { relativeUncertainty, ...(scope === undefined ? {} : { scope }) } };
  }
  if (scope !== undefined) throw invalidArgument('--scope says which counter --uncertainty is meant for.');
  return {};
}

function sessionOptions(args: Arguments, provider: string, fixed: FixedInputs | undefined) {
  const threads = args.count('threads');
  const onnxruntime = args.text('onnxruntime');
  return {
    executionProviders: [{ name: provider, ...providerOptions(args, provider) }],
    libraryFolders: args.list('library-folder'),
    ...sessionChoices(args),
    ...(fixed === undefined ? {} : { freeDimensionOverrides: fixed.freeDimensionOverrides }),
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    ...(onnxruntime === undefined ? {} : { onnxruntime }),
  };
}
