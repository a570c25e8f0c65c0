// Calibration of boards, one after the other: load, bursts, fit, test of reading, cache.
import { MicrojouleError } from '../errors.js';
import { Meter } from '../meter.js';
import { rootsOf } from '../meter-options.js';
import type { NativeCalibrationResult } from '../native.js';
import { quietOfBlock } from '../planner/block-design.js';
import type { Calibration, CalibrationRun, Disturbance } from '../types/calibration.js';
import type { MeterOptions } from '../types/meter.js';
import type { ProbeOptions } from '../types/probe.js';
import { VERSION } from '../version.js';
import { acquire } from './acquire.js';
import { writeCache } from './cache.js';
import { testDisturbance } from './disturbance.js';
import { SCHEMA } from './format.js';
import { givenLoad, type Load, openLoad, runsOf, warmUp } from './load.js';
import type { CalibrateRequest } from './options.js';
import { gapMs, planBursts } from './plan.js';
import { type Board, differenceOf, readBoards } from './state.js';

export type CalibratePlaces = Pick<ProbeOptions, 'roots' | 'onnxruntime' | 'libraryFolders'>;

/** Never rejects for what is absent: a board that cannot be calibrated says why. */
export async function calibrateBoards(
  request: CalibrateRequest,
  places: CalibratePlaces,
): Promise<CalibrationRun[]> {
  const options: MeterOptions = {
    sources: ['nvml'],
    calibration: 'built-in',
    // The whole of it is fitted at once.
    historySeconds: historySeconds(request),
    ...(places.roots ? { roots: places.roots } : {}),
  };
  const boards = await readBoards(rootsOf(places.roots));
  const runs: CalibrationRun[] = [];
  for (const board of await wantedBoards(boards, request, options)) {
    const { id, name, state } = board;
    const what = { id, name, uuid: state.uuid };
    runs.push(
      await new BoardCalibration(board, request, places, options).run().then(
        (done) => ({ ...what, ...done }),
        (error: unknown) => ({ ...what, ...refused(error, request) }),
      ),
    );
  }
  return runs;
}

// A meter knows the names of boards, and refuses those that there are not.
async function wantedBoards(
  boards: Board[],
  { devices }: CalibrateRequest,
  options: MeterOptions,
): Promise<Board[]> {
  if (devices.length === 0) return boards;
  const meter = await Meter.open({ ...options, historySeconds: 1, devices, sampling: 'windows' });
  const ids = meter.devices.map(({ id }) => id);
  await meter.close();
  return boards.filter(({ id }) => ids.includes(id));
}

function refused(error: unknown, { signal }: CalibrateRequest) {
  if (signal?.aborted || !(error instanceof MicrojouleError)) throw error;
  const { code, message, remedy } = error;
  return { calibrated: false as const, code, reason: message, ...(remedy ? { remedy } : {}) };
}

// Twice what it should take: gaps of up to a second's period, and a machine that is busy.
function historySeconds({ burstsMs, count, shams }: CalibrateRequest): number {
  const work = burstsMs.reduce((sum, ms) => sum + ms, 0) * count;
  return Math.min(3600, Math.ceil(60 + (2 * (work + 500 * (shams + count * burstsMs.length))) / 1e3));
}

class BoardCalibration {
  constructor(
    private readonly board: Board,
    private readonly request: CalibrateRequest,
    private readonly places: CalibratePlaces,
    private readonly options: MeterOptions,
  ) {}

  async run() {
    const { signal } = this.request;
    this.#tell('load', 0, 1);
    const options = { ...this.options, devices: [this.board.state.uuid] };
    const meter = await Meter.open(options);
    try {
      const load = await this.#openLoad(meter);
      try {
        await warmUp(load, signal);
        return await this.#finish(await this.#calibrate(meter, load, options));
      } finally {
        await load.close();
      }
    } finally {
      await meter.close();
    }
  }

  async #openLoad(meter: Meter): Promise<Load> {
    const { given } = this.request;
    const { uuid } = this.board.state;
    if (!given) return await openLoad(uuid, this.places).catch(withoutLoad);
    const { session, feeds } = given;
    // A fake board follows the processor.
    if (session.device?.uuid === uuid || (meter.simulated && session.device === null)) {
      return givenLoad(session, feeds);
    }
    throw new MicrojouleError(
      'invalid-argument',
      `The session given runs on ${session.device?.uuid || 'no GPU'}, not on ${uuid}.`,
      'Give a session on this board, or calibrate that one: devices.',
    );
  }

  async #calibrate(meter: Meter, load: Load, options: MeterOptions): Promise<Calibration> {
    const { request } = this;
    const channel = meter.channels.findIndex(({ scope }) => scope === 'board');
    const { id, unsupported } = meter.channels[channel] ?? { id: this.board.id };
    if (unsupported) throw new MicrojouleError(unsupported.code, unsupported.reason, unsupported.remedy);
    const timing = await meter.learnedTiming([id], request.signal);
    if (!timing) throw new MicrojouleError('not-supported', 'The counter of the board shows no updates.');
    const runs = new Map<number, number>();
    for (const [i, kindMs] of request.burstsMs.entries()) {
      this.#tell('load', i, request.burstsMs.length);
      runs.set(kindMs, await runsOf(load, kindMs, quietOfBlock(timing) / 2, request.signal));
    }
    const plan = planBursts(request);
    const bursts = await acquire(plan, {
      load,
      runs,
      periodMs: timing.periodMs,
      gapMs: gapMs(timing.periodMs),
      signal: request.signal,
      onBurst: (done) => this.#tell('bursts', done, plan.length),
    });
    this.#tell('fit', 0, 1);
    const found = await meter.calibrate({ channel, ...bursts });
    const disturbance = await this.#disturbance(meter, load, options, id, timing.periodMs);
    return this.#result(found, load, meter.simulated, disturbance);
  }

  async #disturbance(
    meter: Meter,
    load: Load,
    options: MeterOptions,
    channelId: string,
    periodMs: number,
  ): Promise<Disturbance> {
    const { signal, disturbance } = this.request;
    if (!disturbance) return { disturbs: 'not tested', reason: 'It was not asked for.' };
    return await testDisturbance({
      load,
      meter,
      channelId,
      options,
      periodMs,
      signal,
      onWindow: (done, planned) => this.#tell('disturbance', done, planned),
    });
  }

  #result(
    { calibration, reason, tested, held, widened, kinds, sham }: NativeCalibrationResult,
    load: Load,
    simulated: boolean,
    disturbance: Disturbance,
  ): Calibration {
    if (!calibration) {
      throw new MicrojouleError(
        'not-supported',
        `The bursts do not tell the counter's figures: ${reason}`,
        'Keep other work off the board and the machine, and try again.',
      );
    }
    const { uuid: _, ...figures } = calibration;
    return {
      schema: SCHEMA,
      microjoule: VERSION,
      at: new Date().toISOString(),
      name: this.board.name,
      state: this.board.state,
      simulated,
      load: load.name,
      figures,
      tested,
      held,
      widened,
      kinds,
      sham,
      disturbance,
    };
  }

  async #finish(calibration: Calibration) {
    const after = (await readBoards(rootsOf(this.places.roots))).find(
      ({ state }) => state.uuid === this.board.state.uuid,
    );
    const changed = after ? differenceOf(this.board.state, after.state) : 'before it was lost';
    if (changed) {
      throw new MicrojouleError(
        'not-supported',
        `The board was set up anew meanwhile: it was calibrated ${changed}.`,
        'Try again.',
      );
    }
    const done = { calibrated: true as const, calibration };
    if (!this.request.save) return done;
    return await writeCache(calibration).then(
      (path) => ({ ...done, path }),
      (error: Error) => ({ ...done, notSaved: error.message }),
    );
  }

  #tell(phase: 'load' | 'bursts' | 'fit' | 'disturbance', done: number, planned: number): void {
    this.request.onProgress({ id: this.board.id, phase, done, planned });
  }
}

function withoutLoad(error: unknown): never {
  if (!(error instanceof MicrojouleError)) throw error;
  const { code, message, remedy } = error;
  throw new MicrojouleError(
    code,
    `There is no load to calibrate with: ${message}`,
    [remedy, 'Or give a session on the board: probe({ calibrate: { session, feeds } }).']
      .filter(Boolean)
      .join(' '),
  );
}
