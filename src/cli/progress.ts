import type { MeasureProgress } from '../index.js';

/** Redraws one line on a terminal; silent elsewhere. Returns the listener and what wipes the line. */
export function progressLine(label: string): { show: (p: MeasureProgress) => void; clear: () => void } {
  const out = process.stderr;
  if (!out.isTTY) return { show: () => undefined, clear: () => undefined };
  const write = (text: string) => out.write(`\r\x1b[K${text}`);
  return {
    show: ({ phase, repetitions, elapsedMs }) => {
      const runs = phase === 'running' ? `, ${repetitions} runs` : '';
      write(`${label}: ${phase} ${(elapsedMs / 1000).toFixed(1)} s${runs}`);
    },
    clear: () => write(''),
  };
}
