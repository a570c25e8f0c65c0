// What `infer` does about TensorRT's engines: where they are kept, what building them took, and when that is paid.
import { setTimeout as sleep } from 'node:timers/promises';
import { type BuildCost, InferenceSession, type Meter, MicrojouleError } from '../index.js';
import { type Arguments, assignment } from './arguments.js';
import { followBuild, type StatusLine } from './progress.js';
import { invalidArgument } from './refuse.js';
import { notMeasured, quantity } from './text.js';

export const ENGINE_OPTIONS = {
  'engine-cache': { type: 'string' },
  against: { type: 'string' },
} as const;

const TENSORRT = 'tensorrt';
/** Beside a build, so that the counter's edges and the idle power are those of a quiet board. */
const QUIET_MS = 1000;
/** Samples are kept for so long: builds of large models take many minutes. */
export const BUILD_HISTORY_S = 3600;

export interface EngineChoice {
  /** Session options of ours. */
  options: { engineCache?: boolean | string };
  /** Nobody asked for a cache: one that cannot be written to is done without. */
  optional: boolean;
}

/** By default engines are kept, unless options of the provider name a cache. */
export function engineChoice(args: Arguments, provider: string): EngineChoice {
  const given = args.text('engine-cache');
  if (provider !== TENSORRT) {
    if (given === undefined) return { options: {}, optional: true };
    throw invalidArgument('--engine-cache is for --ep tensorrt: no other provider builds engines.');
  }
  if (given === 'off') return { options: {}, optional: true };
  if (given !== undefined) return { options: { engineCache: given }, optional: false };
  const keys = args.list('provider-option').map((text) => assignment('provider-option', text)[0]);
  const own = keys.some((key) => /^trt_(engine_cache_|ep_context_|dump_ep_context_model$)/.test(key));
  return { options: own ? {} : { engineCache: true }, optional: true };
}

/** The provider to compare with, or undefined. */
export function opponent(args: Arguments, provider: string): string | undefined {
  const against = args.text('against');
  if (against === undefined) return undefined;
  if (provider !== TENSORRT || against === TENSORRT) {
    throw invalidArgument(
      '--against asks after how many runs an engine is paid: it goes with --ep tensorrt and names another provider.',
    );
  }
  return against;
}

export interface Opened {
  session: InferenceSession;
  build: BuildCost | undefined;
}

/** Makes the session of `path` between quiet times, and says what its engines took as far as that is known. */
export async function openMetered(
  label: string,
  path: string,
  options: object,
  { options: cache, optional }: EngineChoice,
  meter: Meter,
  status: StatusLine,
): Promise<Opened> {
  await sleep(QUIET_MS);
  const stop = followBuild(status, label, meter);
  let session: InferenceSession;
  try {
    session = await InferenceSession.create(path, { ...options, ...cache }).catch((error: unknown) => {
      if (!optional || cache.engineCache === undefined || !unusableCache(error)) throw error;
      process.stderr.write(`microjoule: ${error.message} It is done without.\n`);
      return InferenceSession.create(path, options);
    });
  } finally {
    stop();
  }
  if (session.engine?.state === 'built') await sleep(QUIET_MS);
  return { session, build: await knownCost(session, meter) };
}

function unusableCache(error: unknown): error is MicrojouleError {
  return error instanceof MicrojouleError && error.message.startsWith('Engines cannot be kept');
}

/** Undefined where nothing is known yet. */
export async function knownCost(session: InferenceSession, meter: Meter): Promise<BuildCost | undefined> {
  const { state } = session.engine ?? {};
  if (state !== 'built' && state !== 'cache') return undefined;
  const idle = { beforeMs: QUIET_MS, afterMs: QUIET_MS };
  return await session.buildCost(meter, { idle });
}

/** For a person. */
export function engineLines(engine: InferenceSession['engine'], build: BuildCost | undefined): string[] {
  if (engine === null) return [];
  return [`engine         ${whatHappened(engine)}`, ...(build ? costLines(build) : []), ''];
}

function whatHappened(engine: NonNullable<InferenceSession['engine']>): string {
  const { state, reason, folder, bytes = 0, kept, creation } = engine;
  const seconds = (Number(creation.end - creation.start) / 1e9).toFixed(1);
  const size = `${(bytes / 1e6).toFixed(1)} MB`;
  if (state === 'cache') return `from cache, opened in ${seconds} s: ${size} in ${folder}`;
  const where = folder === undefined ? '' : kept ? `, ${size} kept in ${folder}` : ', not kept';
  return `${state}${where}${reason === undefined ? '' : `: ${reason}`}`;
}

const STAGES: Record<BuildCost['stage'], string> = {
  creation: 'making the session',
  'first-run': 'the first run',
  'creation-to-first-run': 'making the session to the end of the first run',
};

function costLines({ source, at, stage, durationMs, scopes }: BuildCost): string[] {
  const when = source === 'recorded' ? `  when it was built, ${at}: ` : '  ';
  const lines = [`${when}${STAGES[stage]} took ${(durationMs / 1000).toFixed(1)} s`];
  for (const { gross, net, netReason } of Object.values(scopes)) {
    if (gross.status === 'unsupported' || gross.value === undefined) lines.push(`  ${notMeasured(gross)}`);
    else {
      lines.push(`  ${gross.id}, idle included  ${quantity({ ...figure(gross), unit: 'J' })}`);
      if (net?.status === 'ok' || net?.status === 'below-resolution') {
        lines.push(`  ${gross.id}, above idle  ${quantity({ ...figure(net), unit: 'J' })}`);
      } else if (netReason !== undefined) lines.push(`  ${gross.id}, above idle: not told. ${netReason}`);
    }
  }
  return lines;
}

function figure(q: { value?: number; uncertainty?: number; combinedUncertainty?: number }) {
  const { value = 0, uncertainty = 0, combinedUncertainty = 0 } = q;
  return { value, uncertainty, combinedUncertainty };
}
