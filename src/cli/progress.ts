import { type MeasureProgress, type Meter, mark } from '../index.js';

const TICK_MS = 500;
/** Power is that since so long ago: a board's counter takes a step each 100 ms. */
const POWER_OVER_MS = 1000;

export type StatusLine = ReturnType<typeof statusLine>;

/** One line on a terminal that is drawn again and again; nothing where standard error is none. */
export function statusLine(): { drawn: boolean; show: (text: string) => void; clear: () => void } {
  const out = process.stderr;
  if (!out.isTTY) return { drawn: false, show: () => undefined, clear: () => undefined };
  const show = (text: string) => {
    out.write(`\r\x1b[K${text}`);
  };
  return { drawn: true, show, clear: () => show('') };
}

/**
 * Draws elapsed seconds and the boards' power until the function returned is called: ONNX Runtime tells nothing while it
 * makes a session.
 */
export function followBuild(status: StatusLine, label: string, meter: Meter): () => void {
  if (!status.drawn) return () => undefined;
  const begun = mark();
  const power = new RecentPower(meter);
  const draw = () => status.show(buildText(label, Number(mark() - begun) / 1e9, power.watts(mark())));
  const timer = setInterval(draw, TICK_MS);
  draw();
  return () => {
    clearInterval(timer);
    status.clear();
  };
}

export function buildText(label: string, seconds: number, watts: number | undefined): string {
  const power = watts === undefined ? '' : `, board at ${watts.toFixed(0)} W`;
  return `${label}: opening with TensorRT, which builds an engine where none is kept: ${seconds.toFixed(0)} s${power}`;
}

/** Of all boards together, from the energies read over the last second. */
export class RecentPower {
  readonly #boards: number[];
  readonly #values: Float64Array;
  readonly #seen: { at: bigint; joules: number }[] = [];

  constructor(private readonly meter: Pick<Meter, 'channels' | 'read'>) {
    this.#boards = meter.channels.flatMap(({ scope, unsupported }, i) =>
      scope === 'board' && unsupported === undefined ? [i] : [],
    );
    this.#values = new Float64Array(meter.channels.length);
  }

  /** Undefined where no board can be read, and until there is something to go by. */
  watts(at: bigint): number | undefined {
    if (this.#boards.length === 0) return undefined;
    this.meter.read(this.#values);
    const joules = this.#boards.reduce((sum, i) => sum + (this.#values[i] as number), 0);
    const seen = this.#seen;
    seen.push({ at, joules });
    while (seen.length > 2 && Number(at - (seen[1] as { at: bigint }).at) / 1e6 >= POWER_OVER_MS)
      seen.shift();
    const [first] = seen as [{ at: bigint; joules: number }];
    const seconds = Number(at - first.at) / 1e9;
    return seconds > 0 && Number.isFinite(joules - first.joules)
      ? (joules - first.joules) / seconds
      : undefined;
  }
}

/** The line that follows a measurement. */
export function progressText(label: string, progress: MeasureProgress): string {
  const { phase, repetitions, elapsedMs, blocks } = progress;
  const runs = phase === 'running' ? `, ${repetitions} runs` : '';
  const now = Math.min(blocks.done + 1, blocks.planned);
  const block = blocks.planned > 1 ? `, block ${now} of ${blocks.planned}` : '';
  return `${label}: ${phase} ${(elapsedMs / 1000).toFixed(1)} s${block}${runs}`;
}
