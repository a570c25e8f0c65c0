import type { MeasureProgress } from '../index.js';

/** One line on a terminal that is drawn again and again; nothing where standard error is none. */
export function statusLine(): { show: (text: string) => void; clear: () => void } {
  const out = process.stderr;
  if (!out.isTTY) return { show: () => undefined, clear: () => undefined };
  const show = (text: string) => {
    out.write(`\r\x1b[K${text}`);
  };
  return { show, clear: () => show('') };
}

/** The line that follows a measurement. */
export function progressText(label: string, progress: MeasureProgress): string {
  const { phase, repetitions, elapsedMs, blocks } = progress;
  const runs = phase === 'running' ? `, ${repetitions} runs` : '';
  const now = Math.min(blocks.done + 1, blocks.planned);
  const block = blocks.planned > 1 ? `, block ${now} of ${blocks.planned}` : '';
  return `${label}: ${phase} ${(elapsedMs / 1000).toFixed(1)} s${block}${runs}`;
}
