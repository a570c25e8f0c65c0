import { isMap, isScalar, isSeq, LineCounter, type Node, type ParsedNode, parseDocument } from 'yaml';
import { refuse } from '../refuse.js';

/** A value of a YAML file that knows where it stands, so that what is wrong with it can be pointed at. */
export class YamlNode {
  constructor(
    private readonly file: YamlFile,
    /** 'subjects[2].runtime' */
    readonly field: string,
    private readonly node: Node | null,
  ) {}

  get line(): number {
    return this.node?.range ? this.file.lines.linePos(this.node.range[0]).line : 1;
  }

  refuse(why: string, allowed?: string): Error {
    const where = this.field === '' ? '' : `${this.field}: `;
    return refuse(`${this.file.name}, line ${this.line}: ${where}${why}`, allowed);
  }

  /** The fields of a mapping; one that is not in the list is refused. */
  fields(known: readonly string[]): Record<string, YamlNode> {
    if (!isMap(this.node)) throw this.refuse(`a mapping is needed, not ${this.describe()}.`);
    const found: Record<string, YamlNode> = {};
    for (const { key, value } of this.node.items) {
      const name = isScalar(key) ? String(key.value) : '';
      const at = new YamlNode(this.file, this.field === '' ? name : `${this.field}.${name}`, key as Node);
      if (!known.includes(name)) throw at.refuse('there is no such field.', `Allowed: ${known.join(', ')}.`);
      found[name] = new YamlNode(this.file, at.field, (value as Node | null) ?? (key as Node));
      if (value === null) throw at.refuse('it has no value.');
    }
    return found;
  }

  /** The entries of a mapping whose keys are free. */
  entries(): [string, YamlNode][] {
    if (!isMap(this.node)) throw this.refuse(`a mapping is needed, not ${this.describe()}.`);
    return this.node.items.map(({ key, value }) => {
      const name = isScalar(key) ? String(key.value) : '';
      return [name, new YamlNode(this.file, `${this.field}.${name}`, value as Node | null)];
    });
  }

  list(what: string): YamlNode[] {
    if (!isSeq(this.node)) throw this.refuse(`a list of ${what} is needed, not ${this.describe()}.`);
    return this.node.items.map(
      (item, i) => new YamlNode(this.file, `${this.field}[${i}]`, item as ParsedNode),
    );
  }

  value(): unknown {
    return isScalar(this.node) ? this.node.value : undefined;
  }

  isNull(): boolean {
    return isScalar(this.node) && this.node.value === null;
  }

  text(): string {
    const value = this.value();
    if (typeof value !== 'string' || value === '') {
      throw this.refuse(`a text is needed, not ${this.describe()}.`);
    }
    return value;
  }

  truth(): boolean {
    const value = this.value();
    if (typeof value !== 'boolean') throw this.refuse(`true or false is needed, not ${this.describe()}.`);
    return value;
  }

  oneOf<T extends string>(allowed: readonly T[]): T {
    const found = allowed.find((one) => one === this.value());
    if (found === undefined) {
      throw this.refuse(`${this.describe()} is not known.`, `Allowed: ${allowed.join(', ')}.`);
    }
    return found;
  }

  whole(min: number, max: number = Number.MAX_SAFE_INTEGER): number {
    const value = this.value();
    if (!Number.isSafeInteger(value) || (value as number) < min || (value as number) > max) {
      const range = max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
      throw this.refuse(`a whole number ${range} is needed, not ${this.describe()}.`);
    }
    return value as number;
  }

  /** `above`: greater than min, and not min itself. */
  number(min: number, { above = false } = {}): number {
    const value = this.value();
    if (typeof value !== 'number' || !Number.isFinite(value) || value < min || (above && value === min)) {
      throw this.refuse(
        `a number ${above ? 'above' : 'of at least'} ${min} is needed, not ${this.describe()}.`,
      );
    }
    return value;
  }

  private describe(): string {
    if (isMap(this.node)) return 'a mapping';
    if (isSeq(this.node)) return 'a list';
    const value = this.value();
    return typeof value === 'string' ? `'${value}'` : String(value ?? 'nothing');
  }
}

interface YamlFile {
  name: string;
  lines: LineCounter;
}

/** The file's root; what is no YAML is refused with the line. */
export function parseYaml(name: string, text: string): YamlNode {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [error] = document.errors;
  if (error) {
    const { line } = lines.linePos(error.pos[0]);
    throw refuse(`${name}, line ${line}: ${error.message.replace(/\.?$/, '.')}`, 'Correct the YAML.');
  }
  return new YamlNode({ name, lines }, '', document.contents);
}
