import { mark } from 'microjoule';
import type { PhaseName } from '../types/journal.js';
import type { WorkerPhase } from '../types/protocol.js';

export interface Phase {
  name: PhaseName;
  start: bigint;
  end: bigint;
}

/** The phases of one run, in the order in which they ended; what is under way is known for the record of a failure. */
export class Phases {
  readonly list: Phase[] = [];
  current: PhaseName | undefined;

  constructor(private readonly onBegin: (name: PhaseName) => void) {}

  begin(name: PhaseName): void {
    this.current = name;
    this.onBegin(name);
  }

  async during<T>(name: PhaseName, work: () => Promise<T>): Promise<T> {
    this.begin(name);
    const start = mark();
    const result = await work();
    this.add(name, start, mark());
    return result;
  }

  add(name: PhaseName, start: bigint, end: bigint): void {
    this.list.push({ name, start, end });
  }

  /** Loading, with what was something else cut out of it. */
  addLoad(start: bigint, end: bigint, inner: readonly WorkerPhase[]): void {
    let from = start;
    const sorted = inner
      .map(({ name, startNs, endNs }) => ({ name, start: BigInt(startNs), end: BigInt(endNs) }))
      .sort((a, b) => (a.start < b.start ? -1 : 1));
    for (const one of sorted) {
      if (one.start > from) this.add('load', from, one.start);
      this.list.push(one);
      from = one.end;
    }
    if (end > from) this.add('load', from, end);
  }

  of(name: PhaseName): Phase | undefined {
    return this.list.filter((phase) => phase.name === name).at(-1);
  }
}

/** What is wrong with the phases that a worker tells of its loading. */
export function innerPhasesFault(
  start: bigint,
  end: bigint,
  inner: readonly WorkerPhase[],
): string | undefined {
  const wrong = inner.find(({ startNs, endNs }) => {
    const [a, b] = [BigInt(startNs), BigInt(endNs)];
    return b < a || a < start || b > end;
  });
  return wrong && `Its phase '${wrong.name}' lies outside the time in which it was loading.`;
}
