// One window between steps of the counters, which the thread that runs it watches on both sides.
import { choice } from './check-options.js';
import { alignedEnergy } from './energy-report.js';
import { invalidArgument } from './errors.js';
import type { NativeAlignment, NativeMeter } from './native.js';
import { plainData } from './plain.js';
import { ResolvedReader } from './resolved.js';
import { suspectReason } from './suspect.js';
import { totalOf } from './total.js';
import type { Energy, EnergyReport, Mark } from './types/energy.js';
import type { AlignmentReport, MeterMeasureOptions } from './types/meter.js';

/** Options that ask for more than one call of fn in one window. */
const ONCE = {
  repetitions: 1,
  runsPerBlock: 1,
  mode: 'sustained',
  sham: false,
  kind: 'window',
  idle: false,
  minDurationMs: undefined,
  target: undefined,
} as const;

/** Whether the window is to be aligned; throws where it makes no sense. */
export function readAlign(options: MeterMeasureOptions): boolean {
  if (options.align === undefined) return false;
  choice('align', options.align, { 'counter-step': true });
  for (const [name, only] of Object.entries(ONCE)) {
    const value = options[name as keyof typeof ONCE];
    if (value === undefined || value === only) continue;
    throw invalidArgument(
      `align is for the energy of one call of fn, of kind 'window', with nothing quiet beside it: ${name} asks for something else.`,
      `Leave out ${name}, or align.`,
    );
  }
  return true;
}

export class Alignment {
  #opened: NativeAlignment | undefined;
  #closed: ReturnType<NativeAlignment['close']> | undefined;
  readonly #report: AlignmentReport = { aligned: [], unaligned: [] };

  constructor(private readonly meter: NativeMeter) {}

  /** Blocks until the steps before the window were seen. */
  open(): void {
    this.#opened = this.meter.align();
  }

  /** Blocks until those after it were seen. */
  close(start: Mark, end: Mark): void {
    this.#closed = this.#opened?.close(start, end);
  }

  /** The report of the window, with the energies that are known from step to step. */
  apply(report: EnergyReport): EnergyReport {
    const scopes = Object.fromEntries(
      this.meter.channels.map(({ id }, c) => [id, this.#energy(report, id, c)]),
    );
    const total = totalOf(this.meter.channels, scopes);
    return plainData<EnergyReport>({ ...report, scopes, ...(total ? { total } : {}) });
  }

  report(): AlignmentReport {
    return this.#report;
  }

  #energy(report: EnergyReport, id: string, c: number): Energy {
    const usual = report.scopes[id] as Energy;
    const closed = this.#closed as ReturnType<NativeAlignment['close']>;
    const { channels } = this.meter;
    if (usual.status === 'unsupported') return usual;
    const reason = usual.status === 'suspect' ? suspectReason(usual.cause) : (closed.reasons[c] as string);
    if (usual.status === 'suspect' || reason !== '') {
      this.#report.unaligned.push({ id, reason });
      return usual;
    }
    this.#report.aligned.push(id);
    const figure = new ResolvedReader(closed.resolved, channels.length).figure(0, c, 'window');
    return alignedEnergy(usual, figure, channels[c] as (typeof channels)[number], report.start);
  }
}
