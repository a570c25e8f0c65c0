// A calibration as text, and back: what was written by another version, by hand or half is refused with the reason.
import { jsonable } from '../plain.js';
import type { BoardState, Calibration, CalibrationFigures } from '../types/calibration.js';
import { STATE_KEYS } from './state.js';

export const SCHEMA = 1;

type RingFigures = NonNullable<CalibrationFigures['ring']>;

// Without a range a file by hand could claim anything; these are wide of any board.
const FIGURES: Record<Exclude<keyof CalibrationFigures, 'ring'>, [number, number]> = {
  periodNs: [1e5, 1e11],
  gridJitterNs: [0, 1e10],
  quantumJ: [0, 1e3],
  timeConstantNs: [0, 1e10],
  timeConstantRelativeUncertainty: [0, 100],
  markDelayNs: [0, 1e10],
  phaseSensitivity: [0, 100],
  phaseReachNs: [0, 1e12],
  densePhaseSensitivity: [0, 100],
  densePhaseReachNs: [0, 1e12],
  displacementNs: [0, 1e10],
  idleNoiseW: [0, 1e5],
};
const RING: Record<keyof RingFigures, [number, number]> = {
  lagNs: [-1e10, 1e10],
  noiseW: [0, 1e5],
  gain: [0.1, 10],
  gainRelativeUncertainty: [0, 10],
  stampJitterNs: [0, 1e10],
};
/** Nothing can be read without these; NaN in the others leaves the built-in figure. */
const NEEDED = ['periodNs', 'gain'];

export function toText(calibration: Calibration): string {
  return `${JSON.stringify(jsonable(calibration), null, 2)}\n`;
}

/** The calibration, or in a few words what is wrong with it. */
export function fromText(text: string): Calibration | string {
  try {
    return checked(JSON.parse(text));
  } catch (error) {
    return error instanceof SyntaxError ? 'not JSON' : (error as Error).message;
  }
}

/** The same of a value that was never text. */
export function checkCalibration(value: unknown): Calibration | string {
  try {
    return checked(value);
  } catch (error) {
    return (error as Error).message;
  }
}

function checked(value: unknown): Calibration {
  const it = objectOf(value, 'the calibration');
  if (it.schema !== SCHEMA) throw new Error(`schema ${String(it.schema)} instead of ${SCHEMA}`);
  if (typeof it.at !== 'string' || !Number.isFinite(Date.parse(it.at))) throw new Error('no date');
  if (!Array.isArray(it.kinds)) throw new Error('no kinds');
  const { disturbs } = objectOf(it.disturbance, 'disturbance');
  if (!['no', 'yes', 'not tested'].includes(disturbs as string)) throw new Error('disturbance is not told');
  return {
    ...(it as unknown as Calibration),
    state: stateOf(objectOf(it.state, 'state')),
    figures: figuresOf(objectOf(it.figures, 'figures')),
  };
}

function objectOf(value: unknown, name: string): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Error(`no ${name}`);
  return value as Record<string, unknown>;
}

function stateOf(value: Record<string, unknown>): BoardState {
  for (const key of STATE_KEYS) {
    if (value[key] === undefined) throw new Error(`state.${key} is missing`);
  }
  if (typeof value.uuid !== 'string' || value.uuid === '') throw new Error('state.uuid is missing');
  return value as unknown as BoardState;
}

function figuresOf(value: Record<string, unknown>): CalibrationFigures {
  const ring =
    value.ring === null ? null : numbers(objectOf(value.ring, 'figures.ring'), RING, 'figures.ring.');
  return { ...numbers(value, FIGURES, 'figures.'), ring };
}

function numbers<K extends string>(
  value: Record<string, unknown>,
  ranges: Record<K, [number, number]>,
  prefix: string,
): Record<K, number> {
  const out = {} as Record<K, number>;
  for (const [key, [least, most]] of Object.entries(ranges) as [K, [number, number]][]) {
    const number = value[key] === null ? Number.NaN : value[key];
    const open = Number.isNaN(number) && !NEEDED.includes(key);
    if (typeof number !== 'number' || !(open || (number >= least && number <= most))) {
      throw new Error(`${prefix}${key} is ${String(value[key])}`);
    }
    out[key] = number;
  }
  return out;
}
