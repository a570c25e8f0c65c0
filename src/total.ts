import type { NativeChannel } from './native.js';
import type { ReportedDevice } from './other-sessions.js';
import { disjoint } from './scopes.js';
import { sumOf } from './sum.js';
import type { Energy, EnergySum, Scope } from './types/energy.js';
import type { Channel } from './types/meter.js';

type Member = Pick<NativeChannel, 'id' | 'index'>;
type Measured = Exclude<Energy, { status: 'unsupported' }>;

/** What a total is made of, the widest first. A platform is no part of it: what it covers beside these is not known. */
const WIDEST_FIRST: readonly Scope[] = ['module', 'board', 'cpu-package', 'dram'];

/** Without the other boards where the work is a session's on one: they idle, or have work that is not its own. */
export function totalled(
  channels: readonly Channel[],
  device: ReportedDevice | undefined,
): readonly Channel[] {
  const onBoard = channels.some(({ id, source }) => id === device?.id && source === 'nvml');
  if (!onBoard) return channels;
  return channels.filter(({ id, source }) => source !== 'nvml' || device?.channels.includes(id));
}

/** The sum over what was measured of the widest scopes that do not contain one another. Absent where there is none. */
export function totalOf(
  channels: readonly Member[],
  scopes: Readonly<Record<string, Energy>>,
): EnergySum | undefined {
  const measured = channels.flatMap(({ id, index }) => {
    const energy = scopes[id];
    return energy && energy.status !== 'unsupported' ? [{ id, index, scope: energy.scope, energy }] : [];
  });
  const chosen = new Set(
    disjoint(WIDEST_FIRST.flatMap((scope) => measured.filter((one) => one.scope === scope))),
  );
  const parts: Measured[] = measured.filter((one) => chosen.has(one)).map(({ energy }) => energy);
  return parts.length === 0 ? undefined : sumOf(parts, 'total');
}
