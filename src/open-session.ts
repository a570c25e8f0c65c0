// From the arguments of InferenceSession.create to a native session that is as was asked for.
import { dirname } from 'node:path';
import { throwIfAborted, unlessAborted } from './abort.js';
import { choice, truth } from './check-options.js';
import { readEngineCache, TENSORRT } from './engine/options.js';
import { type EnginePlan, planEngine } from './engine/plan.js';
import { abandonPlan, discardedAsBroken, SessionEngine } from './engine/session-engine.js';
import { invalidArgument, type MicrojouleError } from './errors.js';
import { makePort } from './feeds.js';
import {
  captureRefused,
  planGraph,
  refuseFreeDimensions,
  refusesCapture,
  withoutGraph,
} from './graph-capture.js';
import { libraryFolders, readLibraryFolders } from './library-folders.js';
import { checkSource, readCreateArguments, readExternalData } from './model-source.js';
import { type NativeRuntime, type NativeSession, type NativeSessionOptions, native } from './native.js';
import { assignedPlacement, listNodes, refuseFallen, tellsPlacement } from './placement.js';
import { precisionOf } from './precision.js';
import { planProviders } from './providers.js';
import { openRuntime } from './runtime.js';
import { readSessionOptions } from './session-options.js';
import { applyTf32 } from './tf32.js';
import { profiledTrial, profilePrefix } from './trial-run.js';
import type { AbortSignalLike } from './types/meter.js';
import type { Placement, SessionOptions, SkippedProvider } from './types/onnx.js';
import type { Precision } from './types/precision.js';

export interface OpenedSession {
  session: NativeSession;
  runtime: NativeRuntime;
  skipped: SkippedProvider[];
  placement: Placement;
  precision: Record<string, Precision>;
  /** A CUDA graph is captured and replayed. */
  graph: boolean;
  /** Its runs take the calling thread. */
  onCaller: boolean;
  /** Of a session with TensorRT. */
  engine: SessionEngine | undefined;
}

/** What is asked of a session beyond ONNX Runtime's own options. */
interface Demands {
  strict: boolean;
  profiled: boolean;
  graph: boolean;
  /** Providers that nodes may fall to. */
  asked: string[];
}

export async function openSession(args: readonly unknown[]): Promise<OpenedSession> {
  const { source, options } = readCreateArguments(args);
  const common = readSessionOptions(options);
  const onCaller = choice('runsOn', options.runsOn ?? 'session', { session: false, caller: true });
  const given = readLibraryFolders(options.libraryFolders);
  const engineRoot = readEngineCache(options.engineCache, options.executionProviders ?? []);
  throwIfAborted(options.signal);
  const [model, externalData] = await Promise.all([
    checkSource(source),
    readExternalData(options.externalData),
  ]);
  const runtime = openRuntime(options.onnxruntime);
  const plan = planProviders(options.executionProviders, runtime.providers, common.fallback, () =>
    libraryFolders(given, dirname(runtime.path)).map(({ folder }) => folder),
  );
  const { providers, graph } = planGraph(
    applyTf32(plan.providers, options.tf32, runtime),
    flag(options, 'enableGraphCapture'),
  );
  const demands: Demands = { ...readDemands(options), graph, asked: plan.providers.map(({ name }) => name) };
  checkTogether(demands, options);
  const planned = () =>
    planEngine({ root: engineRoot, providers, runtime, model, externalData, common }).catch(
      (error: unknown) => {
        // With `fallback` the session goes on without TensorRT; why is told by its own attempt.
        if (common.fallback && (error as MicrojouleError).code === 'provider-unavailable') return undefined;
        throw error;
      },
    );
  const settings: NativeSessionOptions = {
    ...common,
    config: withConfig(common.config, demands, runtime),
    ...(demands.profiled ? { profilePrefix: profilePrefix() } : {}),
    library: runtime.path,
    ...('path' in model ? { modelPath: model.path } : { modelBytes: model.bytes }),
    providers,
    cpuMemArena: common.cpuMemArena && plan.cpuArena,
    externalData,
  };
  const { session, engine } = await createWithEngine(settings, graph, planned, options.signal);
  try {
    const placement = await checked(session, demands, engine);
    const used = providers.filter(({ name }) => session.providers.includes(name));
    const precision = precisionOf(used, common.config, runtime);
    const passedOver = [...plan.skipped, ...session.skipped];
    return { session, runtime, skipped: passedOver, placement, precision, graph, onCaller, engine };
  } catch (error) {
    await session.release();
    await engine?.release();
    throw error;
  }
}

interface Created {
  session: NativeSession;
  engine: SessionEngine | undefined;
}

async function createWithEngine(
  settings: NativeSessionOptions,
  graph: boolean,
  planned: () => Promise<EnginePlan | undefined>,
  signal: AbortSignalLike | undefined,
): Promise<Created> {
  const plan = await planned();
  let session: NativeSession;
  try {
    const providers = plan?.providers ?? settings.providers;
    session = await createNative({ ...settings, providers }, graph, signal);
  } catch (error) {
    await abandonPlan(plan);
    if (await discardedAsBroken(plan, error)) return await createWithEngine(settings, graph, planned, signal);
    throw error;
  }
  if (plan === undefined || !session.providers.includes(TENSORRT)) {
    await abandonPlan(plan);
    return { session, engine: undefined };
  }
  const engine = await SessionEngine.of(plan, {
    creation: { start: session.createStartNs, end: session.createEndNs },
    deviceUuid: session.device.uuid,
    freeShapes: session.inputs.map(makePort).some(({ fixed }) => !fixed),
  });
  return { session, engine };
}

function flag(options: SessionOptions, name: 'strict' | 'enableGraphCapture'): boolean {
  return options[name] === undefined ? false : truth(name, options[name]);
}

function readDemands(options: SessionOptions): Pick<Demands, 'strict' | 'profiled'> {
  const profiled =
    options.placement !== undefined && choice('placement', options.placement, { profile: true });
  return { strict: flag(options, 'strict'), profiled };
}

function checkTogether({ profiled, graph }: Demands, options: SessionOptions): void {
  if (!profiled) return;
  if (options.enableProfiling) {
    throw invalidArgument("placement: 'profile' has a profile of its own.", 'Leave out enableProfiling.');
  }
  if (graph) {
    throw invalidArgument("placement: 'profile' cannot look into a graph.", 'Leave out enableGraphCapture.');
  }
}

/** Where nothing tells the placement, ONNX Runtime's own check stands in for ours; it names no node. */
function withConfig(
  config: NativeSessionOptions['config'],
  { strict, profiled, asked }: Demands,
  runtime: NativeRuntime,
): NativeSessionOptions['config'] {
  if (!strict || profiled || asked.includes('cpu') || tellsPlacement(runtime.version)) return config;
  return {
    keys: [...config.keys, 'session.disable_cpu_ep_fallback'],
    values: [...config.values, '1'],
  };
}

async function createNative(
  settings: NativeSessionOptions,
  graph: boolean,
  signal: AbortSignalLike | undefined,
): Promise<NativeSession> {
  try {
    return await makeNative(settings, signal);
  } catch (error) {
    if (!graph || !refusesCapture(error)) throw error;
    const provider = settings.providers[0]?.name as string;
    throw captureRefused(provider, await uncaptured(settings, provider), error);
  }
}

let lastTicket = 0;

/** A session that is made after its abort is released; the process does not wait for it. */
function makeNative(
  settings: NativeSessionOptions,
  signal: AbortSignalLike | undefined,
): Promise<NativeSession> {
  throwIfAborted(signal);
  const ticket = ++lastTicket;
  const made = native().createSession(settings, ticket);
  if (signal === undefined) return made;
  const leave = (session: NativeSession) => void session.release();
  return unlessAborted(made, signal, () => native().leaveSession(ticket), leave);
}

/** Which nodes stand in the graph's way, from a session without one; an engine is not built for that. */
async function uncaptured(settings: NativeSessionOptions, provider: string): Promise<string | undefined> {
  if (provider === 'tensorrt') return undefined;
  const providers = withoutGraph(settings.providers);
  const session = await native()
    .createSession({ ...settings, providers }, ++lastTicket)
    .catch(() => undefined);
  if (session === undefined) return undefined;
  const placement = assignedPlacement(session.placement);
  await session.release();
  const others = Object.keys(placement.nodes).filter((name) => name !== provider);
  return others.length > 0 ? listNodes(placement, others) : undefined;
}

async function checked(
  session: NativeSession,
  demands: Demands,
  engine: SessionEngine | undefined,
): Promise<Placement> {
  // With `fallback` the provider that captures may have been passed over.
  if (demands.graph) {
    if (session.providers[0] !== demands.asked[0]) {
      throw captureRefused(demands.asked[0] as string, 'it cannot be used here', session.skipped[0]?.reason);
    }
    refuseFreeDimensions(session.inputs.map(makePort));
  }
  const trial = () => profiledTrial(session);
  const placement = demands.profiled
    ? await (engine ? engine.run(trial) : trial())
    : assignedPlacement(session.placement);
  if (demands.strict) refuseFallen(placement, demands.asked);
  return placement;
}
