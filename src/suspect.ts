import type { SuspectCause } from './types/energy.js';

const REASONS: Record<SuspectCause, string> = {
  'counter-reset': 'The counter was reset within the window: only bounds of its energy are known.',
  'counter-backwards': 'The counter stepped back within the window: only bounds of its energy are known.',
  'counter-stuck': 'The counter stood still within the window although it should have moved.',
  'counter-jump':
    'The counter jumped within the window by more than any power explains: only bounds of its energy are known.',
  'wrap-ambiguous':
    'The counter went unread for so long that it may have wrapped more than once: only bounds of its energy are known.',
  'history-lost':
    'Samples of this window are not in the timeline: it lies before the meter was opened, or too far back.',
  'clock-step':
    "The machine's wall clock was set within the window, which voids the driver's own time stamps.",
  'device-lost': 'The device was lost within the window.',
  'idle-state-changed':
    'The idle power after the window is another one than before it, so that no level is the right one.',
  'other-work': 'Another process used the device within the window.',
  'no-update': 'The counter gave no update after the end of the window in time.',
  inconsistent: 'The readings of this window contradict each other.',
};

/** Of 'other-work' that is this process's own. */
export const OTHER_SESSION = 'Another session of this process was at work on the device within the window.';

/** What work beside the measured one explains; the other causes are the counter's own, and stay. */
export function explainedByOthers(cause: SuspectCause | undefined): boolean {
  return cause === 'inconsistent' || cause === 'idle-state-changed';
}

/** One sentence for the person who reads the figure. */
export function suspectReason(cause: SuspectCause): string {
  return REASONS[cause];
}
