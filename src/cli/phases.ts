// `infer --phases`: its options.
import type { Meter, MeterOptions, PhasesMeasurement, PhasesOptions } from '../index.js';
import type { Arguments } from './arguments.js';
import { invalidArgument } from './refuse.js';

export interface PhasesRun {
  model: string;
  batch: number;
  phases: PhasesMeasurement;
}

/** What says how long or how a measurement without phases runs. */
const OTHERS = [
  'repetitions',
  'min-duration',
  'uncertainty',
  'scope',
  'max-duration',
  'mode',
  'runs-per-block',
  'idle',
  'against',
  'placement',
] as const;

/** The library refuses a sitting of which the meter keeps less than it needs. */
const HISTORY_OF_DURATION = 1.5;
const KEPT_ANYWAY_S = 120;

export function phasesOptions(args: Arguments, seed: number): PhasesOptions<Meter> {
  const other =
    OTHERS.find((name) => args.text(name) !== undefined) ?? (args.flag('sham') ? 'sham' : undefined);
  if (other !== undefined) {
    throw invalidArgument(`--${other} says how to measure without phases.`, 'Leave it out, or --phases.');
  }
  const path = args.text('data-path');
  if (path === 'device') {
    throw invalidArgument(
      '--data-path device copies nothing, so there are no phases to tell apart.',
      'Leave it out, or give pinned.',
    );
  }
  const durationMs = args.durationMs('duration');
  const warmup = args.count('warmup');
  return {
    seed,
    ...(path === 'pinned' ? { pinned: true } : {}),
    ...(durationMs === undefined ? {} : { durationMs }),
    ...(warmup === undefined ? {} : { warmup }),
  };
}

export function refuseWithoutPhases(args: Arguments): undefined {
  if (args.text('duration') === undefined) return undefined;
  throw invalidArgument(
    '--duration says how long phases are measured.',
    'Give --phases too, or --min-duration.',
  );
}

/** As much history as a long sitting needs, and `least` seconds. */
export function historyOption(args: Arguments, least: number): Pick<MeterOptions, 'historySeconds'> {
  const ofPhases = Math.ceil((HISTORY_OF_DURATION * (args.durationMs('duration') ?? 0)) / 1000);
  const seconds = Math.max(least, ofPhases);
  return seconds > KEPT_ANYWAY_S ? { historySeconds: seconds } : {};
}
