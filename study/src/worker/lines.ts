// What a worker writes, as lines: one home for the client and for those that look at any process.

/** A million latencies take 20 MB. */
const MAX_CHARACTERS = 1 << 28;

/** Splits text that comes in parts into lines. */
export class Lines {
  readonly #max: number;
  /** Of the line that has not ended yet. */
  #parts: string[] = [];
  #length = 0;

  constructor(maxCharacters = MAX_CHARACTERS) {
    this.#max = maxCharacters;
  }

  /** The lines that end in this part. */
  take(text: string): string[] {
    const [first = '', ...rest] = text.split('\n');
    this.#parts.push(first);
    this.#length += first.length;
    const last = rest.pop();
    if (last === undefined) return [];
    const lines = [this.#parts.join(''), ...rest];
    this.#parts = [last];
    this.#length = last.length;
    return lines;
  }

  /** Whether the line that has not ended is longer than any answer. */
  get endless(): boolean {
    return this.#length > this.#max;
  }
}
