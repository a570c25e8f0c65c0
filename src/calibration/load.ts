// Work of a known length on one board.
import { MicrojouleError } from '../errors.js';
import { InferenceSession } from '../session.js';
import { Tensor } from '../tensor.js';
import type { Mark } from '../types/energy.js';
import type { AbortSignalLike } from '../types/meter.js';
import type { Feeds, SessionOptions } from '../types/onnx.js';
import { productsModel } from './model.js';

const SIZE = 2048;
const PRODUCTS = 2;
const WARM_UP_NS = 1e9;
const SIZING_BURSTS = 4;
const MOST_DEVICES = 64;
const NS_PER_MS = 1e6;

export interface Load {
  name: string;
  session: InferenceSession;
  feeds: Feeds;
  /** Ends what was opened for it. */
  close(): Promise<void>;
}

type RuntimePlaces = Pick<SessionOptions, 'onnxruntime' | 'libraryFolders'>;

/** A session that was given, as the load of the board. */
export function givenLoad(session: InferenceSession, feeds: Feeds): Load {
  return { name: `a session given, ${session.providers.join(', ')}`, session, feeds, close: async () => {} };
}

/** Matrix products on the board, which CUDA may count as another one than NVML does. */
export async function openLoad(uuid: string, { onnxruntime, libraryFolders }: RuntimePlaces): Promise<Load> {
  const model = productsModel(SIZE, PRODUCTS);
  const open = (deviceId: number) =>
    InferenceSession.create(model, {
      executionProviders: [{ name: 'cuda', deviceId }],
      ...(onnxruntime === undefined ? {} : { onnxruntime }),
      ...(libraryFolders === undefined ? {} : { libraryFolders }),
    });
  // Of devices that could not be asked: their memory is full.
  let failure: unknown;
  for (let deviceId = 0; deviceId < MOST_DEVICES; deviceId += 1) {
    const session = await open(deviceId).catch((error: unknown) => error);
    if (isPastLast(session)) {
      if (deviceId > 0) break;
      throw session;
    }
    if (!(session instanceof InferenceSession)) {
      failure ??= session;
      continue;
    }
    if (session.device?.uuid === uuid) {
      const feeds = { x: new Tensor('float32', Float32Array.of(1), [1]) };
      return { name: 'matrix products, cuda', session, feeds, close: () => session.release() };
    }
    await session.release();
  }
  if (failure !== undefined) throw failure;
  throw new MicrojouleError(
    'not-supported',
    `None of CUDA's devices is the board ${uuid}.`,
    'Check CUDA_VISIBLE_DEVICES.',
  );
}

/** No device of this number, or, of the first one, nothing that CUDA needs. */
function isPastLast(error: unknown): boolean {
  return error instanceof MicrojouleError && error.code === 'provider-unavailable';
}

/** `runs` runs back to back after so much quiet time, on the session's own thread. */
export async function burst(
  { session, feeds }: Load,
  runs: number,
  quietNs: number,
  signal?: AbortSignalLike,
): Promise<{ a: Mark; b: Mark }> {
  const request = { repetitions: runs, idleBeforeNs: quietNs };
  const { marksNs } = await session.measureNative(feeds, request, signal);
  return { a: marksNs[1] as Mark, b: marksNs[2] as Mark };
}

/** Runs for so long. */
export async function steady({ session, feeds }: Load, ms: number, signal?: AbortSignalLike): Promise<void> {
  await session.measureNative(feeds, { minDurationNs: ms * NS_PER_MS }, signal);
}

/** Clocks and the allocator settle. */
export async function warmUp({ session, feeds }: Load, signal?: AbortSignalLike): Promise<void> {
  await session.measureNative(feeds, { warmup: 2, minDurationNs: WARM_UP_NS }, signal);
}

/** How many runs make a burst of about this length; as bursts come, after quiet time. */
export async function runsOf(
  load: Load,
  kindMs: number,
  quietMs: number,
  signal?: AbortSignalLike,
): Promise<number> {
  let runs = 1;
  for (let i = 0; i < SIZING_BURSTS; i += 1) {
    const { a, b } = await burst(load, runs, quietMs * NS_PER_MS, signal);
    runs = Math.max(1, Math.round((kindMs * runs) / (Number(b - a) / NS_PER_MS)));
  }
  return runs;
}
