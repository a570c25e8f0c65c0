// What a calibration holds for: the board as it is set up now, on this kernel since this boot.
import { readFileSync } from 'node:fs';
import { release } from 'node:os';
import { join } from 'node:path';
import { type NativeBoardState, type NativeRoots, native } from '../native.js';
import type { BoardState } from '../types/calibration.js';

export interface Board {
  id: string;
  index: number;
  name: string;
  pciBusId: string;
  state: BoardState;
}

/** The boards that NVML knows; none where there is no driver. */
export async function readBoards(roots: NativeRoots): Promise<Board[]> {
  const [kernel, bootId] = [release(), readBootId(roots.proc)];
  const boards = await native().boardStates(roots);
  return boards.map((board) => ({
    id: `board-${board.index}`,
    index: board.index,
    name: board.name,
    pciBusId: board.pciBusId,
    state: stateOf(board, kernel, bootId),
  }));
}

function stateOf(board: NativeBoardState, kernel: string, bootId: string | null): BoardState {
  return {
    uuid: board.uuid,
    driver: board.driver,
    kernel,
    bootId,
    powerLimitW: board.powerLimitW,
    persistenceMode: board.persistenceMode,
    graphicsClockMHz: board.applicationGraphicsMHz,
    memoryClockMHz: board.applicationMemoryMHz,
    autoBoost: board.autoBoost,
  };
}

function readBootId(proc: string): string | null {
  try {
    return readFileSync(join(proc || '/proc', 'sys/kernel/random/boot_id'), 'utf8').trim();
  } catch {
    return null;
  }
}

const NAMES: Record<keyof BoardState, string> = {
  uuid: 'board',
  driver: 'driver',
  kernel: 'kernel',
  bootId: 'boot',
  powerLimitW: 'power limit',
  persistenceMode: 'persistence mode',
  graphicsClockMHz: 'application clock',
  memoryClockMHz: 'memory clock',
  autoBoost: 'auto boost',
};

export const STATE_KEYS = Object.keys(NAMES) as (keyof BoardState)[];

/** What differs, in words: 'under power limit 700 W, now 500 W'; undefined where nothing does. */
export function differenceOf(then: BoardState, now: BoardState): string | undefined {
  const parts = STATE_KEYS.filter((key) => then[key] !== now[key]).map((key) =>
    key === 'bootId'
      ? 'before the last boot'
      : `under ${NAMES[key]} ${wordOf(key, then[key])}, now ${wordOf(key, now[key])}`,
  );
  return parts.length === 0 ? undefined : parts.join('; ');
}

function wordOf(key: keyof BoardState, value: BoardState[keyof BoardState]): string {
  if (value === null) return 'not told';
  if (typeof value === 'boolean') return value ? 'on' : 'off';
  if (key === 'powerLimitW') return `${value} W`;
  return key.endsWith('MHz') ? `${value} MHz` : String(value);
}
