// What is known of each board's calibration, for the probe.

import type { NativeRoots } from '../native.js';
import type { BoardCalibration, BoardState } from '../types/calibration.js';
import { ageText } from './age.js';
import { readCache, type Stored } from './cache.js';
import { differenceOf, readBoards } from './state.js';

export interface BoardDescription {
  state: BoardState;
  calibration: BoardCalibration;
}

/** By UUID. */
export async function describeBoards(roots: NativeRoots): Promise<Map<string, BoardDescription>> {
  const boards = await readBoards(roots);
  const stored = boards.length > 0 ? await readCache() : new Map<string, Stored>();
  return new Map(
    boards.map(({ state }) => [
      state.uuid,
      { state, calibration: boardCalibration(state, stored.get(state.uuid)) },
    ]),
  );
}

function boardCalibration(state: BoardState, stored: Stored | undefined): BoardCalibration {
  if (!stored) return { from: 'built-in', reason: 'This board was not calibrated here.' };
  const { content, path } = stored;
  if (typeof content === 'string') {
    return { from: 'built-in', reason: `The calibration in ${path} cannot be used: ${content}.` };
  }
  const ageMs = Math.max(0, Date.now() - Date.parse(content.at));
  const difference = differenceOf(content.state, state);
  const age = ageText(ageMs);
  if (difference === undefined) {
    return { from: 'calibration', at: content.at, ageMs, age, calibration: content };
  }
  const reason = `Calibrated ${age} ago ${difference}.`;
  return { from: 'built-in', reason, stale: content };
}
