// A measurement's turn on its device: measurements of one device never overlap, since none would have an energy of its own.
import { throwIfAborted } from './abort.js';
import { finiteNumber, truth } from './check-options.js';
import { MicrojouleError } from './errors.js';
import type { AbortSignalLike } from './types/meter.js';

export const TURN_KEYS = ['exclusive', 'turnTimeoutMs'];

export interface TurnWanted {
  /** Runs of other sessions wait, too. */
  exclusive: boolean;
  /** Undefined: for as long as it takes. */
  timeoutMs: number | undefined;
}

export function readTurn({
  exclusive,
  turnTimeoutMs,
}: {
  exclusive?: boolean;
  turnTimeoutMs?: number;
}): TurnWanted {
  return {
    exclusive: exclusive === undefined ? false : truth('exclusive', exclusive),
    timeoutMs: turnTimeoutMs === undefined ? undefined : finiteNumber('turnTimeoutMs', turnTimeoutMs),
  };
}

/** Asks for a turn and gives its end; `granted` is called later, never before that. */
export type AskForTurn = (exclusive: boolean, granted: () => void) => () => void;

/** Waits for the turn and gives its end. */
export async function takeTurn(
  ask: AskForTurn,
  { exclusive, timeoutMs }: TurnWanted,
  signal: AbortSignalLike | undefined,
): Promise<() => void> {
  throwIfAborted(signal);
  let settle: (granted: boolean) => void = () => undefined;
  const settled = new Promise<boolean>((resolve) => {
    settle = resolve;
  });
  const end = ask(exclusive, () => settle(true));
  const giveUp = (): void => settle(false);
  signal?.addEventListener('abort', giveUp, { once: true });
  const timer = timeoutMs === undefined ? undefined : setTimeout(giveUp, timeoutMs);
  try {
    if (await settled) return end;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', giveUp);
  }
  end();
  throwIfAborted(signal);
  throw new MicrojouleError(
    'timeout',
    `Other measurements used the device for all of ${timeoutMs} ms.`,
    'Wait longer (turnTimeoutMs), or measure one after the other.',
  );
}
