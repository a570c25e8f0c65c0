// The TensorRT engines of one session: what was built and when, and that it is kept for the next one.
import { rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { mark } from '../mark.js';
import type { BuildCost, EngineDescription, EngineReport, EngineStage } from '../types/engine.js';
import { VERSION } from '../version.js';
import type { EngineCache, EnginePlan } from './plan.js';
import { builtSince, discard, type EngineFiles, engineFiles, keep } from './store.js';

/** What of a session that was made is needed here. */
export interface MadeSession {
  creation: EngineStage;
  deviceUuid: string;
  /** Inputs have free dimensions: engines may be built in any run with another shape. */
  freeShapes: boolean;
}

const NS_PER_MS = 1e6;

/** Of sessions that were not released yet. */
const workFolders = new Set<string>();
let removing = false;

function removeWorkFolders(): void {
  for (const folder of workFolders) rmSync(folder, { recursive: true, force: true });
}

/** The folder of a session that could not be made. */
export async function abandonPlan(plan: EnginePlan | undefined): Promise<void> {
  const work = plan?.cache?.work;
  if (work !== undefined) await rm(work, { recursive: true, force: true });
}

/** Whether what is kept cannot be read: it was cut while it was written, or harmed since. */
export async function discardedAsBroken(plan: EnginePlan | undefined, error: unknown): Promise<boolean> {
  const cache = plan?.cache;
  if (!cache?.kept || !String((error as Error).message).includes('deserialize engine')) return false;
  await discard(cache.root, cache.key);
  return true;
}

export class SessionEngine {
  /** The session has not run yet. */
  awaitsRun = true;
  readonly freeShapes: boolean;

  readonly #cache: EngineCache | undefined;
  readonly #own: Record<string, string>;
  readonly #creation: EngineStage;
  readonly #builtOn: string;
  #firstRun: (EngineStage & { built: boolean | null }) | undefined;
  #state: EngineReport['state'];
  #reason: string | undefined;
  #files: EngineFiles;
  #kept: EngineDescription | undefined;
  #builtAtCreation = false;

  private constructor({ cache, own }: EnginePlan, { creation, deviceUuid, freeShapes }: MadeSession) {
    this.#cache = cache;
    this.#own = own;
    this.#creation = creation;
    this.#builtOn = deviceUuid;
    this.freeShapes = freeShapes;
    this.#files = cache?.before ?? new Map();
    this.#kept = cache?.kept;
    this.#state = freeShapes ? 'pending' : 'built';
    if (Object.keys(own).length > 0) {
      this.#state = 'unknown';
      this.#reason = 'The options of the provider name a cache, which is not looked into.';
    }
    if (cache?.work !== undefined) {
      if (!removing) process.once('exit', removeWorkFolders);
      removing = true;
      workFolders.add(cache.work);
    }
  }

  /** Of a session that was just made. */
  static async of(plan: EnginePlan, made: MadeSession): Promise<SessionEngine> {
    const engine = new SessionEngine(plan, made);
    if (plan.cache !== undefined) {
      engine.#builtAtCreation = await engine.#look();
      if (engine.#builtAtCreation) await engine.#keep();
      else engine.#state = engine.#files.size > 0 ? 'cache' : 'pending';
    }
    return engine;
  }

  get report(): EngineReport {
    const cache = this.#cache;
    const record = this.#state === 'cache' ? this.#kept?.record : undefined;
    return {
      state: this.#state,
      ...(this.#reason === undefined ? {} : { reason: this.#reason }),
      ...(cache === undefined
        ? {}
        : {
            key: cache.key,
            folder: join(cache.root, cache.key),
            bytes: [...this.#files.values()].reduce((sum, { bytes }) => sum + bytes, 0),
            kept: this.#kept !== undefined,
          }),
      creation: { ...this.#creation },
      ...(this.#firstRun === undefined ? {} : { firstRun: { ...this.#firstRun } }),
      ...(Object.keys(this.#own).length === 0 ? {} : { ownCache: { ...this.#own } }),
      ...(record === undefined ? {} : { record: structuredClone(record) }),
    };
  }

  /** The stage in which engines were built; undefined where none were, or where it is not known. */
  get built(): (EngineStage & { stage: BuildCost['stage'] }) | undefined {
    if (this.#state !== 'built') return undefined;
    const { start, end } = this.#creation;
    const inRun = this.#firstRun?.built ? this.#firstRun : undefined;
    const inCreation = this.#cache === undefined ? !this.freeShapes : this.#builtAtCreation;
    if (inRun === undefined) return { start, end, stage: 'creation' };
    return inCreation
      ? { start, end: inRun.end, stage: 'creation-to-first-run' }
      : { start: inRun.start, end: inRun.end, stage: 'first-run' };
  }

  /** What lies in the cache for this session. */
  get kept(): { root: string; description: EngineDescription } | undefined {
    return this.#cache && this.#kept && { root: this.#cache.root, description: this.#kept };
  }

  /** A run in which engines may be built: the first one, or one of another shape. */
  async run<T>(start: () => Promise<T>): Promise<T> {
    const first = this.awaitsRun;
    this.awaitsRun = false;
    const begun = mark();
    const result = await start().catch((error: unknown) => {
      this.awaitsRun = first;
      throw error;
    });
    const stage = { start: begun, end: mark() };
    if (this.#cache === undefined) {
      if (first) this.#firstRun = { ...stage, built: this.#state === 'pending' ? true : null };
      if (this.#state === 'pending') this.#state = 'built';
      return result;
    }
    const built = await this.#look();
    if (first || built) this.#firstRun = { ...stage, built };
    if (built) await this.#keep();
    else if (this.#state === 'pending') {
      this.#state = 'unknown';
      this.#reason ??=
        'The provider wrote no engine: TensorRT took no node, or the folder cannot be written to.';
    }
    return result;
  }

  /** Engines of shapes that came after the first run are kept too. */
  async release(): Promise<void> {
    const work = this.#cache?.work;
    if (work === undefined) return;
    if (await this.#look()) await this.#keep();
    await rm(work, { recursive: true, force: true }).catch(() => undefined);
    workFolders.delete(work);
  }

  /** Whether an engine was built since it last looked. */
  async #look(): Promise<boolean> {
    const work = this.#cache?.work;
    if (work === undefined) return false;
    let now: EngineFiles;
    try {
      now = await engineFiles(work);
    } catch (error) {
      this.#reason = `The folder of the engine was taken away: ${(error as Error).message}.`;
      return false;
    }
    const built = builtSince(this.#files, now);
    this.#files = now;
    return built;
  }

  async #keep(): Promise<void> {
    const { root, key, parts, work } = this.#cache as EngineCache;
    this.#state = 'built';
    const { start, end, stage } = this.built as NonNullable<SessionEngine['built']>;
    const description: EngineDescription = {
      format: 1,
      key,
      of: parts,
      files: [...this.#files].map(([name, { bytes }]) => ({ name, bytes })),
      record: {
        builtAt: new Date().toISOString(),
        builtOn: this.#builtOn,
        durationMs: Number(end - start) / NS_PER_MS,
        stage,
        microjoule: VERSION,
      },
    };
    try {
      await keep(root, work as string, description);
      this.#kept = description;
      this.#reason = undefined;
    } catch (error) {
      this.#reason = `The engine could not be kept in ${root}: ${(error as Error).message}.`;
    }
  }
}
