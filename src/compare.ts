// Ratio of two figures, with what they have in common cancelled.
import { groupTerms, halfWidthOf } from './budget.js';
import { invalidArgument } from './errors.js';
import { RECTANGULAR_TO_U } from './quantity.js';
import type { Budget, BudgetTerm, Energy, Quantity } from './types/energy.js';
import type { Comparable, Comparison } from './types/meter.js';

const HALVINGS = 100;

/**
 * The ratio a / b of two energies of one kind and scope with its 95 % interval: of one run each where both are known by
 * the run, else of all. Errors with one correlation key are one error and cancel as far as they can, the gain of one board
 * altogether. Throws `invalid-argument` for what is not to be compared, and says why.
 */
export function compare(a: Comparable, b: Comparable): Comparison {
  checkBoth(a, b);
  const of = perRun(a) && perRun(b) ? 'perInference' : 'value';
  const above = sideOf(a, of, 'a');
  const below = sideOf(b, of, 'b');
  const sameBoard = above.gain !== undefined && above.gain.key === below.gain?.key;
  const halfWidth = differenceOf(above, below, sameBoard);
  const common = { of, sameBoard } as const;
  const ratio = above.value / below.value;
  if (!(Math.abs(below.value) > halfWidth.ofB)) {
    return {
      ...common,
      status: 'below-resolution',
      ...(Number.isFinite(ratio) ? { ratio } : {}),
      reason: 'The 95 % interval of b holds 0, so that the ratio to it may be anything.',
    };
  }
  return { ...common, status: 'ok', ratio, ...fieller(above.value, below.value, halfWidth.at) };
}

interface Side {
  value: number;
  terms: readonly BudgetTerm[];
  gain: Budget['gain'] | undefined;
}

/**
 * The ratios R for which a - R b is not significantly different from 0 (Fieller 1954, Journal of the Royal Statistical
 * Society B 16, 175-185). `half(R)` is the half-width of a - R b; it grows with R by less than |b|, so that each end is the only
 * root on its side.
 */
function fieller(a: number, b: number, half: (ratio: number) => number): { lo: number; hi: number } {
  const ratio = a / b;
  const outside = (r: number) => Math.abs(a - r * b) > half(r);
  const end = (direction: 1 | -1) => {
    let inner = 0;
    let outer = Math.max(half(ratio) / Math.abs(b), Number.EPSILON * Math.abs(ratio), Number.MIN_VALUE);
    while (!outside(ratio + direction * outer)) {
      inner = outer;
      outer *= 2;
    }
    for (let i = 0; i < HALVINGS; ++i) {
      const middle = 0.5 * (inner + outer);
      if (outside(ratio + direction * middle)) outer = middle;
      else inner = middle;
    }
    return ratio + direction * outer;
  };
  return { lo: end(-1), hi: end(1) };
}

/** Half-width of a - R b, of any R, and of b by itself. */
function differenceOf(a: Side, b: Side, sameGain: boolean): { at: (ratio: number) => number; ofB: number } {
  const pairs = [...groupTerms([...a.terms, ...b.terms]).values()].map((group) => {
    const sizeIn = (side: Side) =>
      group.filter((term) => side.terms.includes(term)).reduce((total, term) => total + term.uncertainty, 0);
    const [{ name, distribution }] = group as [BudgetTerm];
    return { name, distribution, inA: sizeIn(a), inB: sizeIn(b) };
  });
  const gainA = sameGain ? 0 : (a.gain?.relative ?? 0) * Math.abs(a.value);
  const gainB = sameGain ? 0 : (b.gain?.relative ?? 0) * Math.abs(b.value);
  const at = (weightA: number, weightB: number) => {
    const terms = pairs.map(({ name, distribution, inA, inB }) => ({
      distribution,
      // Two windows at other phases err by other amounts, though by the same law: nothing there cancels for certain.
      uncertainty:
        name === 'phase' ? Math.hypot(weightA * inA, weightB * inB) : Math.abs(weightA * inA - weightB * inB),
    }));
    const gains = [weightA * gainA, Math.abs(weightB) * gainB];
    const half = halfWidthOf(terms);
    // As in `combined`: both cover, the smaller one does.
    return Math.min(
      Math.hypot(half, ...gains.map((gain) => RECTANGULAR_TO_U * gain)),
      gains.reduce((total, gain) => total + gain, half),
    );
  };
  return { at: (ratio) => at(1, ratio), ofB: at(0, 1) };
}

function sideOf(x: Comparable, of: Comparison['of'], name: string): Side {
  if (!isEnergy(x)) return sideOfQuantity(x, x.budget ?? undefined, 1, name);
  if (x.status === 'unsupported') {
    throw invalidArgument(`${name} (${x.id}) was not measured: ${x.reason}`);
  }
  if (x.status === 'suspect') {
    throw invalidArgument(`${name} (${x.id}) is suspect and compares with nothing: ${x.reason}`);
  }
  const figure = of === 'perInference' && x.perInference ? x.perInference : x;
  return sideOfQuantity(figure, x.budget ?? undefined, scaleOf(figure, x), name);
}

function scaleOf(part: Quantity, whole: Quantity): number {
  if (whole.value !== 0) return part.value / whole.value;
  return whole.uncertainty > 0 ? part.uncertainty / whole.uncertainty : 1;
}

/** `scale`: the quantity over what the budget is of. */
function sideOfQuantity(q: Quantity, budget: Budget | undefined, scale: number, name: string): Side {
  const { value, uncertainty, combinedUncertainty } = q;
  if (![value, uncertainty, combinedUncertainty].every(Number.isFinite)) {
    throw invalidArgument(
      `${name} is no quantity: value, uncertainty and combinedUncertainty must be numbers.`,
    );
  }
  const alone = (size: number): BudgetTerm => ({
    name: 'repeats',
    uncertainty: size,
    distribution: 'normal',
    key: `of ${name} alone`,
  });
  if (!budget) return { value, terms: [alone(combinedUncertainty)], gain: undefined };
  const terms = budget.terms.map((term) => ({ ...term, uncertainty: Math.abs(scale) * term.uncertainty }));
  // What the budget does not account for, a sum's rest for instance, is nobody else's error.
  const known = halfWidthOf(terms);
  const rest = uncertainty > known * (1 + 1e-9) ? [alone(Math.sqrt(uncertainty ** 2 - known ** 2))] : [];
  return { value, terms: [...terms, ...rest], gain: budget.gain };
}

function perRun(x: Comparable): boolean {
  return isEnergy(x) && x.status !== 'unsupported' && x.perInference !== undefined;
}

function isEnergy(x: Comparable): x is Energy {
  return typeof x === 'object' && x !== null && 'status' in x;
}

function checkBoth(a: Comparable, b: Comparable): void {
  for (const [name, x] of [
    ['a', a],
    ['b', b],
  ] as const) {
    if (typeof x !== 'object' || x === null || !('status' in x || 'value' in x)) {
      throw invalidArgument(
        `${name} is neither an energy nor a quantity.`,
        'Give m.energy.board, for instance.',
      );
    }
  }
  if (!isEnergy(a) || !isEnergy(b)) {
    const unit = (x: Comparable) => ('unit' in x ? x.unit : 'J');
    if (unit(a) !== unit(b)) throw invalidArgument(`${unit(a)} and ${unit(b)} have no ratio.`);
    return;
  }
  if (a.kind !== b.kind) {
    throw invalidArgument(
      `The kinds differ: a is '${a.kind}', b is '${b.kind}'. One holds the idle energy, the other does not.`,
      `Compare ${a.kind === 'caused' ? 'b.net' : 'b.gross'} instead, or measure both with one kind.`,
    );
  }
  if (coverageOf(a) !== coverageOf(b)) {
    throw invalidArgument(
      `The scopes differ: a is of ${coverageOf(a)}, b of ${coverageOf(b)}. They hold different parts of the machine.`,
      'Compare energies of one scope.',
    );
  }
  checkRepeats(a, b);
}

/** The scope, of a sum those of its parts. */
function coverageOf(energy: Energy): string {
  const { of } = energy as { of?: readonly string[] };
  return of ? of.map((id) => id.replace(/-\d+$/, '')).join(' + ') : energy.scope;
}

function checkRepeats({ repeats: a }: Energy, { repeats: b }: Energy): void {
  if (!a || !b) return;
  const runs = (n: number) => (n === 1 ? 'single bursts' : `bursts of ${n} runs`);
  const what = ({ mode, runsPerBlock }: typeof a) =>
    mode === 'burst' ? runs(runsPerBlock) : 'runs back to back';
  if (what(a) !== what(b)) {
    throw invalidArgument(
      `The modes differ: a is of ${what(a)}, b of ${what(b)}. They are different quantities.`,
      'Measure both with the same mode and runsPerBlock.',
    );
  }
}
