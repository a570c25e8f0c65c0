// Which counter a target is meant for.
import { invalidArgument } from './errors.js';
import type { Scope } from './types/energy.js';
import type { Channel } from './types/meter.js';

// Largest first: what holds the others comes before them.
const LARGEST: readonly Scope[] = [
  'platform',
  'module',
  'board',
  'cpu-package',
  'dram',
  'gpu-memory',
  'cpu-core',
  'cpu-uncore',
];
// A session on the processor leaves the boards idle.
const LARGEST_OF_CPU: readonly Scope[] = [
  'platform',
  'cpu-package',
  'dram',
  'cpu-core',
  'cpu-uncore',
  'module',
  'board',
  'gpu-memory',
];

export interface TargetChannels {
  /** Of one scope; where several, the one that the work uses most is meant. */
  ids: string[];
  /** Why there are none. */
  unreadable?: string;
}

/** `device`: id of the board that the work runs on, or 'cpu' where it runs on none. */
export function targetChannels(
  channels: readonly Channel[],
  scope: string | undefined,
  device?: string,
): TargetChannels {
  if (scope !== undefined) return named(channels, scope);
  const readable = channels.filter(({ unsupported }) => unsupported === undefined);
  if (readable.length === 0) return { ids: [], unreadable: 'No energy counter can be read here' };
  const own = readable.find(({ id }) => id === device);
  if (own) return { ids: [own.id] };
  const order = device === 'cpu' ? LARGEST_OF_CPU : LARGEST;
  const largest = order.find((one) => readable.some((channel) => channel.scope === one));
  return { ids: readable.filter((channel) => channel.scope === largest).map(({ id }) => id) };
}

function named(channels: readonly Channel[], scope: string): TargetChannels {
  const meant = channels.filter((channel) => channel.id === scope || channel.scope === scope);
  if (meant.length === 0) {
    throw invalidArgument(
      `There is no counter of '${scope}' to set a target for.`,
      channels.length > 0 ? `Known here: ${channels.map(({ id }) => id).join(', ')}.` : undefined,
    );
  }
  const ids = meant.filter(({ unsupported }) => unsupported === undefined).map(({ id }) => id);
  return ids.length > 0 ? { ids } : { ids, unreadable: `${scope} cannot be read here` };
}
