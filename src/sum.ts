import { plainObject } from './check-options.js';
import { invalidArgument } from './errors.js';
import { GAIN, RECTANGULAR_TO_U } from './quantity.js';
import { placeOf, requireDisjoint } from './scopes.js';
import { suspectReason } from './suspect.js';
import type { Energy, EnergySum } from './types/energy.js';

type Measured = Exclude<Energy, { status: 'unsupported' }>;

/**
 * The sum of energies of scopes that do not overlap, of one window: `sumEnergies([scopes['package-0'], scopes['dram-0']])`.
 * Throws `invalid-argument`, and says what contains what, where something would be counted twice. What could not be
 * measured leaves the sum unmeasured too.
 */
export function sumEnergies(energies: readonly Energy[]): EnergySum {
  if (!Array.isArray(energies) || energies.length === 0) {
    throw invalidArgument('sumEnergies() needs an array of energies.', 'Take them from report.scopes.');
  }
  for (const energy of energies) checkEnergy(energy);
  requireDisjoint(energies.map(placeOf));
  const kinds = new Set(energies.map(({ kind }) => kind));
  if (kinds.size > 1) {
    throw invalidArgument(
      "Energies of kind 'window' and of kind 'caused' are not the same thing, and have no sum.",
    );
  }
  const missing = energies.find((energy) => energy.status === 'unsupported');
  if (missing?.status !== 'unsupported') return sumOf(energies as readonly Measured[], 'sum');
  const { code, reason, remedy } = missing;
  return {
    ...commonOf(energies, 'sum'),
    status: 'unsupported',
    code,
    reason: `${missing.id}: ${reason}`,
    ...(remedy === undefined ? {} : { remedy }),
  };
}

function checkEnergy(energy: Energy): void {
  plainObject('each energy', energy);
  if (typeof energy.id !== 'string' || !/-\d+$/.test(energy.id)) {
    throw invalidArgument(
      `'${String(energy.id)}' is no single scope.`,
      'Take energies from report.scopes; a total is a sum already.',
    );
  }
}

/** Of parts known to be disjoint. */
export function sumOf(parts: readonly Measured[], id: string): EnergySum {
  const common = commonOf(parts, id);
  const suspect = parts.find((part) => part.status === 'suspect');
  if (suspect?.status === 'suspect') {
    const { cause } = suspect;
    const reason = `${suspect.id}: ${suspectReason(cause)}`;
    return { ...common, status: 'suspect', unit: 'J', cause, reason };
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

function commonOf(parts: readonly Energy[], id: string) {
  const [first] = parts as readonly [Energy, ...Energy[]];
  const of = parts.map((part) => part.id);
  return { id, scope: first.scope, kind: first.kind, method: `sum of ${of.join(', ')}`, budget: null, of };
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
