import type { Roots } from '../index.js';
import { type Arguments, assignment } from './arguments.js';
import { invalidArgument } from './refuse.js';

/** Options that say where counters are looked for. */
export const ROOT_OPTIONS = {
  nvml: { type: 'string' },
  root: { type: 'string', multiple: true },
} as const;

const NAMES = ['nvml', 'powercap', 'perf', 'msr', 'sys', 'proc'] as const;

export function rootsOf(args: Arguments): { roots?: Roots } {
  const nvml = args.text('nvml');
  const roots: Roots = nvml === undefined ? {} : { nvml };
  for (const text of args.list('root')) {
    const [name, path] = assignment('root', text);
    const known = NAMES.find((one) => one === name);
    if (!known) throw invalidArgument(`There is no root '${name}'.`, `Known: ${NAMES.join(', ')}.`);
    roots[known] = path;
  }
  return Object.keys(roots).length === 0 ? {} : { roots };
}
