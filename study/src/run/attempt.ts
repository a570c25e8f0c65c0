// One run, phase by phase: gate, bare idle, load, first call, warm-up, resident idle, steady state, idle, close, idle.
import { type EnergyReport, MicrojouleError, mark } from 'microjoule';
import type { Gate, Overhead, RunRecord } from '../types/journal.js';
import type { HelloAnswer, LoadAnswer } from '../types/protocol.js';
import type { Cell, PlannedRun } from '../types/table.js';
import type { Worker } from '../worker/client.js';
import { WorkerFailure } from '../worker/failure.js';
import { readBackFault, windowSeconds } from '../worker/honesty.js';
import type { Paths } from './agreement.js';
import type { Bench } from './bench.js';
import { type WorkerBoard, workerBoard } from './energies.js';
import { stabilityGate } from './gate.js';
import { overhead } from './overhead.js';
import { innerPhasesFault, Phases } from './phases.js';
import { requireHonest, TRIES } from './refused.js';
import { steadyWindow, type Window } from './steady.js';
import type { CellFiles } from './study-files.js';
import { secondsBetween, throwIfInterrupted, wait } from './wait.js';
import { infer, type WarmUp, warmUp } from './warm-up.js';
import { enginesOf, loadRequest, setupFault } from './worker-setup.js';

const MAX_TAIL_SECONDS = 1;

/** What a run has found so far; a failed one may have part of it. */
export class Attempt {
  readonly phases: Phases;
  during: NonNullable<RunRecord['failure']>['during'] = 'start';
  gate: Gate | null = null;
  worker: Worker | undefined;
  hello: HelloAnswer | undefined;
  load: LoadAnswer | undefined;
  inputHash: string | undefined;
  files: CellFiles | undefined;
  window: Window | undefined;
  outputs: Paths | undefined;
  overhead: Overhead | undefined;

  constructor(
    private readonly bench: Bench,
    readonly cell: Cell,
    private readonly planned: PlannedRun,
  ) {
    this.phases = new Phases((name) => {
      this.during = name;
      bench.onPhase(name);
    });
  }

  /** Leaves the worker ended, however it ends. */
  async make(): Promise<void> {
    const { signal } = this.bench;
    try {
      await this.#before();
      await this.#start();
      await this.#run();
      await this.#after();
    } catch (error) {
      // A worker that was ended because the study was is no failure.
      throwIfInterrupted(signal);
      throw error;
    } finally {
      await this.worker?.killed();
    }
  }

  async #before(): Promise<void> {
    const { bench, cell, phases } = this;
    const { protocol } = bench.table;
    bench.onPhase('files');
    this.files = await bench.files.of(cell);
    const { conversion } = this.files;
    if (conversion) phases.add('conversion', conversion.start, conversion.end);
    this.during = 'gate';
    bench.onPhase('cool-down');
    await wait(protocol.cooldownSeconds, bench.signal);
    bench.onPhase('gate');
    const { meter, baselineC, signal } = bench;
    this.gate = await stabilityGate({ meter, stability: protocol.stability, baselineC, signal });
    bench.baselineC ??= this.gate.temperatureC;
    await phases.during('idle-bare-before', () => wait(protocol.idle.bareSeconds, signal));
  }

  async #start(): Promise<void> {
    const { bench, cell, phases, files } = this;
    const { protocol, sequenceLength } = bench.table;
    const { timeoutSeconds } = protocol;
    phases.begin('load');
    const start = mark();
    const worker = await bench.start(cell.subject.runtime, this.planned.id);
    this.worker = worker;
    const { options = {} } = cell.subject;
    const hello = await worker.request<'hello'>({ op: 'hello', protocol: 1, options }, timeoutSeconds);
    this.hello = hello.answer;
    const engines = enginesOf(cell, bench.files);
    const request = loadRequest(cell, files as CellFiles, sequenceLength, engines);
    const { answer, sentNs, receivedNs } = await worker.request<'load'>(request, timeoutSeconds);
    this.load = { ...answer, ...files?.exported };
    requireHonest(
      setupFault(cell, this.hello, answer) ?? innerPhasesFault(sentNs, receivedNs, answer.phases),
    );
    const { inputs } = files as CellFiles;
    const prepared = await worker.request<'prepare'>(
      { op: 'prepare', inputs, batch: cell.batch },
      timeoutSeconds,
    );
    this.inputHash = prepared.answer.inputHash;
    phases.addLoad(start, mark(), answer.phases);
  }

  async #run(): Promise<void> {
    const { bench, phases } = this;
    const { protocol } = bench.table;
    const { idle, timeoutSeconds, windowSeconds: seconds } = protocol;
    const worker = this.worker as Worker;
    phases.begin('first-call');
    const first = await infer(worker, 1, timeoutSeconds);
    phases.add('first-call', BigInt(first.answer.startNs), BigInt(first.answer.endNs));
    const alone = await this.#readBack();
    phases.begin('warm-up');
    const temperature = (from: bigint, to: bigint) => this.#temperature(from, to);
    const warm = await warmUp({ worker, protocol, temperature, signal: bench.signal });
    phases.add('warm-up', warm.start, warm.end);
    await this.#checkReadBack(alone, warm);
    await this.#overhead(warm.secondsEach);
    const quiet = () => phases.during('idle-resident-before', () => wait(idle.residentSeconds, bench.signal));
    this.window = await steadyWindow(worker, warm.secondsEach, {
      seconds,
      timeoutSeconds,
      quiet: async () => {
        await quiet();
        phases.begin('steady');
      },
    });
    phases.add('steady', this.window.start, this.window.end);
  }

  /** Where the device is warm, and the idle time before the window is still to come. */
  async #overhead(secondsEach: number): Promise<void> {
    const { meter, table, openSecond, signal } = this.bench;
    const { overheadSeconds: seconds, timeoutSeconds } = table.protocol;
    const sampled = meter.channels.some(({ unsupported }) => !unsupported);
    const inBlock = async (n: number) => {
      throwIfInterrupted(signal);
      return (await infer(this.worker as Worker, n, timeoutSeconds)).answer;
    };
    const now = () => performance.now() / 1000;
    const blocks = () => overhead({ seconds, secondsEach, sampled, open: openSecond, now, infer: inBlock });
    this.overhead = seconds > 0 && sampled ? await this.phases.during('overhead', blocks) : await blocks();
  }

  /** Reads outputs after many inferences; where they come late, again after as many. */
  async #checkReadBack(aloneSeconds: number, { start, end, inferences }: WarmUp): Promise<void> {
    let seconds = secondsBetween(start, end);
    for (let attempt = 1; ; attempt += 1) {
      const fault = readBackFault(aloneSeconds, await this.#readBack(), seconds);
      if (!fault) return;
      if (attempt === TRIES) requireHonest(fault);
      const { timeoutSeconds } = this.bench.table.protocol;
      seconds = windowSeconds((await infer(this.worker as Worker, inferences, timeoutSeconds)).answer);
    }
  }

  /** Outputs of one inference, and how long they took to come. */
  async #readBack(): Promise<number> {
    this.during = 'outputs';
    const { timeoutSeconds } = this.bench.table.protocol;
    const request = { op: 'outputs' as const, folder: this.bench.files.outputs() };
    const { answer, sentNs, receivedNs } = await (this.worker as Worker).request<'outputs'>(
      request,
      timeoutSeconds,
    );
    this.outputs = answer.outputs;
    return secondsBetween(sentNs, receivedNs);
  }

  async #after(): Promise<void> {
    const { bench, phases, window } = this;
    const { idle, timeoutSeconds, windowSeconds: seconds } = bench.table.protocol;
    const { signal } = bench;
    const end = (window as Window).end;
    const tail = Math.min(MAX_TAIL_SECONDS, idle.residentSeconds / 2);
    phases.begin('tail');
    await wait(tail - secondsBetween(end, mark()), signal);
    phases.add('tail', end, mark());
    await phases.during('idle-resident-after', () => wait(idle.residentSeconds - tail, signal));
    if (this.planned.repetition === 0) {
      await phases.during('sham', () => wait(seconds, signal));
      await wait(idle.residentSeconds, signal);
    }
    this.during = 'close';
    await (this.worker as Worker).close(timeoutSeconds);
    await phases.during('idle-bare-after', () => wait(idle.bareSeconds, signal));
  }

  async #temperature(from: bigint, to: bigint): Promise<number | null> {
    const uuid = this.load?.deviceUuid ?? null;
    if (uuid === null) return null;
    const { conditions } = await this.bench.meter.energy(from, to, { timeoutMs: 0 });
    const device = conditions.devices.find((one) => one.uuid.toLowerCase() === uuid.toLowerCase());
    return device?.temperatureC?.last ?? null;
  }

  board(report: EnergyReport): WorkerBoard {
    return workerBoard(this.load?.deviceUuid ?? null, report);
  }

  steadySeconds(): number {
    return this.window ? windowSeconds(this.window.answer) : 0;
  }
}

/** A failure of this run alone; anything else ends the study. */
export function isRunFailure(error: unknown): error is WorkerFailure | MicrojouleError {
  return error instanceof WorkerFailure || (error instanceof MicrojouleError && error.code !== 'io-failure');
}
