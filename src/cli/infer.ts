import {
  InferenceSession,
  type MeasureOptions,
  Meter,
  type MeterOptions,
  type PhasesProgress,
  type RaplInterface,
} from '../index.js';
import { type Arguments, assignment, parse } from './arguments.js';
import { asJson, describe, type InferRun } from './infer-report.js';
import { makeFeeds } from './inputs.js';
import { openModel } from './model.js';
import { historyOption, type PhasesRun, phasesOptions, refuseWithoutPhases } from './phases.js';
import { describePhases, phasesAsJson, phasesProgressText } from './phases-report.js';
import { progressText, statusLine } from './progress.js';
import { invalidArgument } from './refuse.js';
import { ROOT_OPTIONS, rootsOf } from './roots.js';
import { USAGE } from './usage.js';

const OPTIONS = {
  ep: { type: 'string' },
  'provider-option': { type: 'string', multiple: true },
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
  const raw = args.flag('raw');
  const json = () => ('phases' in run ? phasesAsJson(run, raw) : asJson(run, raw));
  const text = () => ('phases' in run ? describePhases(run) : describe(run));
  process.stdout.write(args.flag('json') ? `${JSON.stringify(json(), null, 2)}\n` : text());
}

async function measured(args: Arguments): Promise<InferRun | PhasesRun> {
  const [name, ...more] = args.positionals;
  if (name === undefined || more.length > 0) {
    throw invalidArgument('infer takes one model: an .onnx file or the name of a built-in one.', USAGE);
  }
  const seed = args.count('seed') ?? 0;
  const options = measureOptions(args);
  const phases = args.flag('phases') ? phasesOptions(args, seed) : refuseWithoutPhases(args);
  const model = await openModel(name, seed);
  const session = await InferenceSession.create(model.path, sessionOptions(args));
  const meter = await Meter.open(meterOptions(args));
  const status = statusLine();
  try {
    const feeds = makeFeeds(session, model, args, seed);
    const batch = Object.values(feeds)[0]?.dims[0] ?? 1;
    if (phases) {
      const onProgress = (p: PhasesProgress) => status.show(phasesProgressText(model.label, p));
      const told = await session.measurePhases(feeds, { ...phases, meter, onProgress });
      return { model: model.label, batch, phases: told };
    }
    const measurement = await session.measure(feeds, {
      ...options,
      meter,
      onProgress: (p) => status.show(progressText(model.label, p)),
    });
    return { model: model.label, batch, measurement };
  } finally {
    status.clear();
    await session.release();
    await meter.close();
  }
}

function meterOptions(args: Arguments): MeterOptions {
  const raplInterface = args.text('rapl-interface');
  // The library refuses one that there is not.
  return {
    ...rootsOf(args),
    ...historyOption(args),
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

function sessionOptions(args: Arguments) {
  const provider = args.text('ep') ?? 'cpu';
  const settings = Object.fromEntries(
    args.list('provider-option').map((text) => assignment('provider-option', text)),
  );
  const threads = args.count('threads');
  const onnxruntime = args.text('onnxruntime');
  return {
    executionProviders: [{ name: provider, ...settings }],
    libraryFolders: args.list('library-folder'),
    ...(threads === undefined ? {} : { intraOpNumThreads: threads }),
    ...(onnxruntime === undefined ? {} : { onnxruntime }),
  };
}
