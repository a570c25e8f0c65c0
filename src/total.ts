import type { NativeChannel } from './native.js';
import { GAIN, RECTANGULAR_TO_U } from './quantity.js';
import { suspectReason } from './suspect.js';
import type { Energy, EnergyKind } from './types/energy.js';

type Total = Energy & { of: string[] };
type Member = Pick<NativeChannel, 'id' | 'scope' | 'index'> & { unsupported?: unknown };
type Measured = Exclude<Energy, { status: 'unsupported' }>;

/**
 * The sum over scopes that do not contain one another: of each GPU its module, or else its board; of the processor
 * its packages and the memory beside them. Absent where nothing of these is measured.
 */
export function totalOf(
  channels: readonly Member[],
  scopes: Readonly<Record<string, Energy>>,
  kind: EnergyKind,
): Total | undefined {
  const modules = new Set(
    channels.filter(({ scope, unsupported }) => scope === 'module' && !unsupported).map(({ index }) => index),
  );
  const disjoint = channels.filter(
    ({ scope, index }) =>
      scope === 'module' ||
      (scope === 'board' && !modules.has(index)) ||
      scope === 'cpu-package' ||
      scope === 'dram',
  );
  const parts = disjoint
    .map(({ id }) => scopes[id])
    .filter((energy): energy is Measured => energy !== undefined && energy.status !== 'unsupported');
  if (parts.length === 0) return undefined;
  const common = {
    id: 'total',
    scope: (parts[0] as Measured).scope,
    kind,
    method: `sum of ${parts.map(({ id }) => id).join(', ')}`,
    budget: null,
    of: parts.map(({ id }) => id),
  };
  const suspect = parts.find((part) => part.status === 'suspect');
  if (suspect?.status === 'suspect') {
    const { cause } = suspect;
    return {
      ...common,
      status: 'suspect',
      unit: 'J',
      cause,
      reason: `${suspect.id}: ${suspectReason(cause)}`,
    };
  }
  const value = sum(parts.map((part) => part.value as number));
  const uncertainty = uncertaintyOfSum(parts);
  const gains = parts.map((part) => GAIN * Math.abs(part.value as number));
  return {
    ...common,
    status: uncertainty > Math.abs(value) / 2 ? 'below-resolution' : 'ok',
    value,
    uncertainty,
    combinedUncertainty: Math.min(
      Math.hypot(uncertainty, ...gains.map((gain) => RECTANGULAR_TO_U * gain)),
      uncertainty + sum(gains),
    ),
    unit: 'J',
  };
}

// Different counters err independently, but for what may lie wholly on one side: that adds linearly.
function uncertaintyOfSum(parts: readonly Measured[]): number {
  const linear = parts.map((part) =>
    sum((part.budget?.terms ?? []).filter((t) => t.distribution === 'two-point').map((t) => t.uncertainty)),
  );
  const rest = parts.map((part, i) => Math.max(0, (part.uncertainty as number) - (linear[i] as number)));
  return Math.hypot(...rest) + sum(linear);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
