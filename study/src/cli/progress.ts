import type { Meter } from 'microjoule';
import { estimateSeconds } from '../plan/estimate.js';
import type { StudyEvent } from '../run/study.js';
import type { RunRecord } from '../types/journal.js';
import type { PlannedRun, RunTable } from '../types/table.js';
import { duration } from './text.js';

const REDRAW_MS = 1000;
const SHOWN_SCOPES = ['board', 'cpu-package'];

/** Cell, repetition, phase, power and time left: a line that is drawn again on a terminal, elsewhere one a run. */
export class Progress {
  #meter: PowerNow | undefined;
  #table: RunTable | undefined;
  #left: PlannedRun[] = [];
  #line = '';
  #phase = '';
  readonly #seen: number[] = [];
  readonly #timer: NodeJS.Timeout | undefined;

  constructor(private readonly out: NodeJS.WriteStream = process.stderr) {
    if (!out.isTTY) return;
    this.#timer = setInterval(() => this.#draw(), REDRAW_MS);
    this.#timer.unref();
  }

  readonly on = (event: StudyEvent): void => {
    switch (event.type) {
      case 'begin':
        this.#meter = new PowerNow(event.meter);
        this.#table = event.table;
        this.#left = event.runs.slice(event.done);
        if (event.done > 0) this.#print(`${event.done} of ${event.runs.length} runs are in the journal.`);
        break;
      case 'run':
        this.#line = `[${event.index + 1}/${event.of}] ${event.run.id}`;
        break;
      case 'phase':
        this.#phase = event.phase;
        this.#draw();
        break;
      case 'record':
        this.#record(event.record);
    }
  };

  end(): void {
    clearInterval(this.#timer);
    if (this.out.isTTY) this.out.write('\r\x1b[K');
  }

  #record(record: RunRecord): void {
    this.#left.shift();
    const seconds = (Date.parse(record.endedAt) - Date.parse(record.startedAt)) / 1000;
    if (record.status === 'ok') this.#seen.push(seconds);
    this.#print(`${this.#line}: ${outcome(record)}${this.#timeLeft()}`);
  }

  #timeLeft(): string {
    if (!this.#table || this.#left.length === 0) return '';
    return `, ${duration(estimateSeconds(this.#table, this.#left, this.#seen))} left`;
  }

  #print(text: string): void {
    this.out.write(this.out.isTTY ? `\r\x1b[K${text}\n` : `${text}\n`);
  }

  #draw(): void {
    if (!this.out.isTTY) return;
    const watts = this.#meter?.watts();
    const power = watts === undefined ? '' : `, ${watts.toFixed(0)} W`;
    this.out.write(`\r\x1b[K${this.#line} ${this.#phase}${power}${this.#timeLeft()}`);
  }
}

function outcome({ status, failure, steady }: RunRecord): string {
  if (!steady) return `${status}: ${failure?.reason ?? ''}`;
  const each = (1000 * steady.seconds) / steady.inferences;
  const energies = steady.energies.flatMap(({ id, net, gross }) => {
    const joules = net ?? gross;
    return joules ? [`${id} ${((1000 * joules.value) / steady.inferences).toPrecision(3)} mJ`] : [];
  });
  return [`${each.toPrecision(3)} ms`, ...energies].join(', ');
}

/** Mean power since it was last asked, of boards and processors. */
class PowerNow {
  readonly #shown: number[];
  readonly #joules: Float64Array;
  #last: { at: number; joules: number } | undefined;

  constructor(private readonly meter: Meter) {
    this.#joules = new Float64Array(meter.channels.length);
    this.#shown = meter.channels.flatMap(({ scope, unsupported }, i) =>
      SHOWN_SCOPES.includes(scope) && !unsupported ? [i] : [],
    );
  }

  watts(): number | undefined {
    if (this.#shown.length === 0) return undefined;
    try {
      this.meter.read(this.#joules);
    } catch {
      return undefined;
    }
    const joules = this.#shown.reduce((sum, i) => sum + (this.#joules[i] as number), 0);
    const at = performance.now();
    const last = this.#last;
    this.#last = { at, joules };
    return last && at > last.at ? (1000 * (joules - last.joules)) / (at - last.at) : undefined;
  }
}
