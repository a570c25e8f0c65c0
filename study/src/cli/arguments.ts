import { type ParseArgsConfig, parseArgs } from 'node:util';
import type { MeterOptions, Roots } from 'microjoule';
import { refuse } from '../refuse.js';

type Options = NonNullable<ParseArgsConfig['options']>;

export interface Arguments {
  positionals: string[];
  text(name: string): string | undefined;
  list(name: string): string[];
  flag(name: string): boolean;
  count(name: string): number | undefined;
}

/** Parses with node:util and turns its complaints into ours. */
export function parse(
  argv: string[],
  options: Options,
  positionals: { min?: number; max: number },
): Arguments {
  let parsed: ReturnType<typeof parseArgs>;
  try {
    parsed = parseArgs({ args: argv, options, allowPositionals: true, strict: true });
  } catch (error) {
    throw refuse(`${(error as Error).message.split('. ')[0]?.replace(/\.$/, '')}.`, HELP);
  }
  const { min = 0, max } = positionals;
  if (parsed.positionals.length < min) throw refuse('An argument is missing.', HELP);
  if (parsed.positionals.length > max) {
    throw refuse(`There is an argument too many: '${parsed.positionals[max]}'.`, HELP);
  }
  const values = parsed.values as Record<string, string | boolean | string[] | undefined>;
  const text = (name: string) => values[name] as string | undefined;
  return {
    positionals: parsed.positionals,
    text,
    list: (name) => (values[name] as string[] | undefined) ?? [],
    flag: (name) => values[name] === true,
    count: (name) => countOf(name, text(name)),
  };
}

const HELP = 'microjoule-study --help lists what there is.';

function countOf(name: string, value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  if (!/^\d+$/.test(value) || !Number.isSafeInteger(Number(value))) {
    throw refuse(`--${name} takes a whole number, not '${value}'.`);
  }
  return Number(value);
}

/** Which counters are read, and where they are looked for in place of the system's own. */
export const METER_OPTIONS = {
  nvml: { type: 'string' },
  root: { type: 'string', multiple: true },
  gpu: { type: 'string' },
} as const;

const ROOTS = ['nvml', 'powercap', 'perf', 'msr', 'sys', 'proc'] as const;

export function meterOptions(args: Arguments): MeterOptions {
  const nvml = args.text('nvml');
  const roots: Roots = nvml === undefined ? {} : { nvml };
  for (const text of args.list('root')) {
    const at = text.indexOf('=');
    const known = ROOTS.find((name) => name === text.slice(0, at));
    if (!known) throw refuse(`--root takes NAME=PATH, not '${text}'.`, `Names: ${ROOTS.join(', ')}.`);
    roots[known] = text.slice(at + 1);
  }
  return { ...(Object.keys(roots).length === 0 ? {} : { roots }), ...oneGpu(args.text('gpu')) };
}

function oneGpu(gpu: string | undefined): Pick<MeterOptions, 'devices'> {
  if (gpu === undefined) return {};
  if (!/^(\d{1,3}|(GPU|MIG)-[-0-9a-f]+)$/i.test(gpu)) {
    throw refuse(
      `--gpu takes NVML's number of a GPU or its UUID, not '${gpu}'.`,
      'nvidia-smi -L lists them.',
    );
  }
  return { devices: [/^\d/.test(gpu) ? Number(gpu) : gpu] };
}
