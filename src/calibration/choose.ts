// Which calibrations a meter takes.
import { invalidArgument } from '../errors.js';
import type { NativeCalibration, NativeRoots } from '../native.js';
import type { Calibration } from '../types/calibration.js';
import type { MeterOptions } from '../types/meter.js';
import { readCache } from './cache.js';
import { checkCalibration } from './format.js';
import { type Board, differenceOf, readBoards } from './state.js';

export type CalibrationChoice = 'cached' | 'built-in' | readonly Calibration[];

/** Checks the option. */
export function calibrationChoice(value: MeterOptions['calibration'] = 'cached'): CalibrationChoice {
  if (value === 'cached' || value === 'built-in') return value;
  if (!Array.isArray(value)) {
    throw invalidArgument(
      `calibration must be 'cached', 'built-in' or an array of calibrations, not '${String(value)}'.`,
    );
  }
  const seen = new Set<string>();
  return value.map((one: unknown, i) => {
    const calibration = checkCalibration(one);
    if (typeof calibration === 'string') {
      throw invalidArgument(
        `calibration[${i}] is no calibration: ${calibration}.`,
        'Take it from the report of probe({ calibrate: true }).',
      );
    }
    const { uuid } = calibration.state;
    if (seen.has(uuid)) throw invalidArgument(`calibration has two calibrations of ${uuid}.`);
    seen.add(uuid);
    return calibration;
  });
}

/**
 * Those that hold for the boards as they are set up now. Ones given are taken as they are: who gives them answers for
 * the state of the board.
 */
export async function fittingCalibrations(
  choice: CalibrationChoice,
  roots: NativeRoots,
): Promise<readonly Calibration[]> {
  if (choice === 'built-in') return [];
  if (choice !== 'cached') return choice;
  const stored = await readCache();
  const usable = [...stored.values()].flatMap(({ content }) =>
    typeof content === 'string' ? [] : [content],
  );
  // The driver is only asked where there is something to compare.
  if (usable.length === 0) return [];
  const boards = await readBoards(roots);
  return usable.filter((calibration) => boards.some((board) => fits(calibration, board)));
}

function fits(calibration: Calibration, { state }: Board): boolean {
  return differenceOf(calibration.state, state) === undefined;
}

export function nativeCalibration({ state, figures }: Calibration): NativeCalibration {
  return { uuid: state.uuid, ...figures };
}
