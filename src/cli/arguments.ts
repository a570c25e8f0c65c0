import { type ParseArgsConfig, parseArgs } from 'node:util';
import { invalidArgument } from './refuse.js';

type Options = NonNullable<ParseArgsConfig['options']>;

export interface Arguments {
  positionals: string[];
  text(name: string): string | undefined;
  list(name: string): string[];
  flag(name: string): boolean;
  count(name: string): number | undefined;
  durationMs(name: string): number | undefined;
  /** '2%' as 0.02. */
  share(name: string): number | undefined;
}

const UNITS_MS: Record<string, number> = { us: 1e-3, ms: 1, s: 1000, min: 60_000, h: 3_600_000 };

/** Parses with node:util and turns its complaints into ours. */
export function parse(argv: string[], options: Options, usage: string): Arguments {
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: argv, options, allowPositionals: true, strict: true });
  } catch (error) {
    throw invalidArgument(firstSentence((error as Error).message), usage);
  }
  const values = parsed.values as Record<string, string | boolean | (string | boolean)[] | undefined>;
  const text = (name: string) => values[name] as string | undefined;
  return {
    positionals: parsed.positionals,
    text,
    list: (name) => (values[name] as string[] | undefined) ?? [],
    flag: (name) => values[name] === true,
    count: (name) => count(name, text(name)),
    durationMs: (name) => durationMs(name, text(name)),
    share: (name) => share(name, text(name)),
  };
}

function firstSentence(message: string): string {
  return `${message.split('. ')[0]?.replace(/\.$/, '')}.`;
}

function count(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const number = Number(value);
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(number)) {
    throw invalidArgument(`--${name} takes a whole number, not '${value}'.`);
  }
  return number;
}

function durationMs(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const match = /^(\d+(?:\.\d+)?)(us|ms|s|min|h)$/.exec(value);
  if (!match) {
    throw invalidArgument(
      `--${name} takes a number with a unit (us, ms, s, min, h), such as 5s, not '${value}'.`,
    );
  }
  return Number(match[1]) * (UNITS_MS[match[2] as string] as number);
}

function share(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const match = /^(\d+(?:\.\d+)?)%$/.exec(value);
  if (!match) throw invalidArgument(`--${name} takes a percentage, such as 2%, not '${value}'.`);
  return Number(match[1]) / 100;
}

/** 'seq=128' → ['seq', '128']; the name may hold no '='. */
export function assignment(option: string, text: string): [string, string] {
  const at = text.indexOf('=');
  if (at <= 0 || at === text.length - 1) {
    throw invalidArgument(`--${option} takes name=value, not '${text}'.`);
  }
  return [text.slice(0, at), text.slice(at + 1)];
}
