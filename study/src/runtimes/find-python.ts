import { spawnSync } from 'node:child_process';
import { refuse } from '../refuse.js';

const ASK = "import sys; print('%d.%d' % sys.version_info[:2])";

/** 'X.Y' of an interpreter; undefined where it does not run. */
function versionOf(program: string): string | undefined {
  const { status, stdout } = spawnSync(program, ['-c', ASK], { encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

/** An interpreter of one of these versions: the named one, or one on the PATH. */
export function findPython(versions: readonly string[], named: string | undefined, what: string): string {
  const candidates = named === undefined ? [...versions.map((v) => `python${v}`), 'python3'] : [named];
  const found = candidates.map((program) => ({ program, version: versionOf(program) }));
  const fitting = found.find(({ version }) => version !== undefined && versions.includes(version));
  if (fitting) return fitting.program;
  const seen = found.filter(({ version }) => version !== undefined);
  const there = seen.length > 0 ? `; ${seen.map((s) => `${s.program} is ${s.version}`).join(', ')}` : '';
  throw refuse(
    `${what} needs Python ${versions.join(' or ')}${there}.`,
    'Install one of these and name it with --python PATH, or put uv on the PATH: it brings its own.',
  );
}

export const hasUv = (): boolean => spawnSync('uv', ['--version']).status === 0;
