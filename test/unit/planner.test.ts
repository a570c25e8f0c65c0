// The whole procedure of a target on simulated blocks: pilot, planned number, extension.
import { describe, expect, test } from 'vitest';
import { startPhases } from '../../src/planner/block-design.js';
import {
  nextStep,
  type Outcome,
  PILOT_BLOCKS,
  PLANNED_ALPHA,
  type Stage,
} from '../../src/planner/planner.js';
import { type BlockFigure, meanOfBlocks } from '../../src/planner/repeats.js';
import type { BudgetTerm } from '../../src/types/energy.js';
import { Random } from '../helpers/random.js';

const TRUTH = 100;

interface Ended {
  covered: boolean;
  blocks: number;
  outcome: Outcome;
  stage: Stage;
  looks: number;
  relative: number;
}

/** `block(i)` gives block i; `most`: blocks that there is time for. */
function measure(block: (i: number) => BlockFigure, relative: number, most = 1e5): Ended {
  const figures: BlockFigure[] = [];
  const runTo = (n: number) => {
    while (figures.length < Math.min(n, most)) figures.push(block(figures.length));
  };
  runTo(PILOT_BLOCKS);
  let stage: Stage = 'pilot';
  let looks = 1;
  let step = nextStep({ stage, figures, relative, most });
  while (step.next === 'run') {
    ({ stage } = step);
    runTo(step.blocks);
    step = nextStep({ stage, figures, relative, most });
    looks += 1;
  }
  const mean = meanOfBlocks(figures, PLANNED_ALPHA, '');
  return {
    covered: Math.abs(mean.value - TRUTH) <= mean.uncertainty,
    blocks: figures.length,
    outcome: step.outcome,
    stage,
    looks,
    relative: mean.uncertainty / Math.abs(mean.value),
  };
}

const term = (
  name: BudgetTerm['name'],
  uncertainty: number,
  key: string,
  distribution: BudgetTerm['distribution'] = 'normal',
) => ({ name, uncertainty, distribution, key }) satisfies BudgetTerm;

/** Blocks of independent error, with a term of their own that must not count again: it is part of the scatter. */
function independent(random: Random, scatter: number): (i: number) => BlockFigure {
  return (i) => ({
    value: TRUTH + scatter * random.normal(),
    terms: [term('edge-timing', 0.5 * scatter, `edge@${i}`), term('phase', scatter, `phase@${i}`)],
  });
}

function autoregressive(random: Random, scatter: number, correlation: number): (i: number) => BlockFigure {
  let last = random.normal();
  return () => {
    last = correlation * last + Math.sqrt(1 - correlation ** 2) * random.normal();
    return { value: TRUTH + scatter * last, terms: [] };
  };
}

function repeated(
  times: number,
  seed: number,
  make: (random: Random) => (i: number) => BlockFigure,
  relative: number,
) {
  const all = Array.from({ length: times }, (_, i) => measure(make(new Random(seed + i)), relative));
  return {
    all,
    covered: all.filter((one) => one.covered).length / times,
    reached: all.filter((one) => one.outcome === 'reached').length / times,
    extended: all.filter((one) => one.stage === 'extended').length / times,
    blocks: all.reduce((total, one) => total + one.blocks, 0) / times,
  };
}

describe('a target', () => {
  // 1500 procedures: the standard error of a coverage of 95 % is 0.6 %.
  test.each([
    [0.5, 'far narrower than the target'],
    [2, 'about what the pilot can do'],
    [5, 'some ten times the pilot'],
    [15, 'hundreds of blocks'],
  ])('of 2 %% is covered whatever the scatter: %d %%, %s', (scatter) => {
    const result = repeated(1500, 77_000, (random) => independent(random, scatter), 0.02);
    expect(result.covered).toBeGreaterThan(0.95);
    expect(result.reached).toBeGreaterThan(0.95);
    expect(Math.max(...result.all.map((one) => one.looks))).toBeLessThanOrEqual(3);
    for (const { outcome, relative } of result.all) {
      if (outcome === 'reached') expect(relative).toBeLessThanOrEqual(0.02);
    }
  });

  test('is looked at three times at most, and not after each block', () => {
    const looks = repeated(300, 5, (random) => independent(random, 8), 0.02).all.map((one) => one.looks);
    expect(new Set(looks)).toEqual(new Set([2, 3]));
  });

  test('takes blocks as its square', () => {
    const wide = repeated(300, 11, (random) => independent(random, 10), 0.04).blocks;
    const narrow = repeated(300, 11, (random) => independent(random, 10), 0.02).blocks;
    expect(narrow / wide).toBeGreaterThan(3);
    expect(narrow / wide).toBeLessThan(5);
  });

  test('stopping as soon as the interval looks narrow would cover less: what the plan is there for', () => {
    let covered = 0;
    for (let i = 0; i < 1500; ++i) {
      const block = independent(new Random(900 + i), 5);
      const figures = Array.from({ length: 5 }, (_, j) => block(j));
      let mean = meanOfBlocks(figures, 0.05, '');
      while (mean.uncertainty > 0.02 * mean.value) {
        figures.push(block(figures.length));
        mean = meanOfBlocks(figures, 0.05, '');
      }
      if (Math.abs(mean.value - TRUTH) <= mean.uncertainty) covered += 1;
    }
    expect(covered / 1500).toBeLessThan(0.93);
  });

  test.each([
    [0.3, 0.93],
    [0.6, 0.9],
  ])('with neighbours correlated by %d is covered by the effective sample size', (correlation, least) => {
    const result = repeated(800, 31_000, (random) => autoregressive(random, 6, correlation), 0.02);
    expect(result.covered).toBeGreaterThan(least);
    expect(result.blocks).toBeGreaterThan(
      repeated(200, 31_000, (random) => independent(random, 6), 0.02).blocks,
    );
  });

  test('with an error that hangs on the phase is covered, and gains by spread phases', () => {
    const phases = startPhases(0, 5000);
    const result = repeated(
      500,
      400,
      (random) => {
        const first = random.uniform();
        return (i) => ({
          value: TRUTH + 6 * Math.cos(2 * Math.PI * (first + (phases[i] as number))) + 2 * random.normal(),
          terms: [],
        });
      },
      0.02,
    );
    expect(result.covered).toBeGreaterThan(0.98);
  });
});

describe('terms that blocks have in common', () => {
  const shared = (random: Random, half: number, scatter: number) => {
    const error = random.rectangular(half);
    return (): BlockFigure => ({
      value: TRUTH + error + scatter * random.normal(),
      terms: [term('mark-delay', half, 'calibration:a', 'rectangular')],
    });
  };

  test('are not divided by sqrt(n), and the interval covers with them', () => {
    const result = repeated(1000, 2000, (random) => shared(random, 1.5, 5), 0.02);
    expect(result.covered).toBeGreaterThan(0.95);
    expect(Math.min(...result.all.map((one) => one.relative))).toBeGreaterThan(0.0149);
    expect(result.reached).toBeGreaterThan(0.95);
  });

  test('make a target unreachable where they alone exceed it, and that is known after the pilot', () => {
    const { all } = repeated(50, 1, (random) => shared(random, 2.5, 1), 0.02);
    for (const one of all)
      expect(one).toMatchObject({ outcome: 'unreachable', blocks: PILOT_BLOCKS, stage: 'pilot' });
  });

  test('add linearly over blocks and, where two-point, to the rest', () => {
    const block = (i: number, a: number, b: number): BlockFigure => ({
      value: 10,
      terms: [
        term('kernel', a, 'calibration', 'two-point'),
        term('mark-delay', b, 'calibration'),
        term('quantum', 0.1, `edge@${i}`),
      ],
    });
    const mean = meanOfBlocks(
      [block(0, 1, 3), block(1, 2, 5), block(2, 3, 4), block(3, 2, 4), block(4, 2, 4)],
      0.05,
      'k',
    );
    expect(mean.terms.map(({ name, uncertainty }) => [name, uncertainty])).toEqual([
      ['prior', 0.1 ** 2 / 4 / 10],
      ['kernel', 2],
      ['mark-delay', 4],
    ]);
    expect(mean.uncertainty).toBeCloseTo(2 + Math.hypot(4, 0.00025), 12);
  });
});

describe('blocks that tell little', () => {
  // As the estimator does it: a block's reading of standard uncertainty `reading`, drawn towards what is supposed.
  const drawn = (random: Random, truth: number, reading: number) => {
    // Of a largest power of 720 in the unit of the truth.
    const [supposed, s] = [180, 290];
    const weight = s ** 2 / (s ** 2 + reading ** 2);
    const posterior = reading * Math.sqrt(weight);
    return (i: number): BlockFigure => ({
      value: weight * (truth + reading * random.normal()) + (1 - weight) * supposed,
      terms: [term('idle-level', 2 * posterior, `idle@${i}`)],
    });
  };

  test.each([
    [100, 10],
    [100, 40],
    [100, 150],
    [20, 100],
    [0, 100],
    [360, 200],
    [250, 400],
    [0.1, 1000],
  ])('are drawn to what is supposed, and cover all the same: %d read to within %d', (truth, reading) => {
    let covered = 0;
    for (let seed = 0; seed < 300; ++seed) {
      const block = drawn(new Random(seed), truth, reading);
      const mean = meanOfBlocks(
        Array.from({ length: 100 }, (_, i) => block(i)),
        0.05,
        'k',
      );
      if (Math.abs(mean.value - truth) <= mean.uncertainty) covered += 1;
    }
    expect(covered / 300).toBeGreaterThan(0.93);
  });

  test('make a target unreachable rather than reached by agreeing with each other', () => {
    const ended = measure(drawn(new Random(1), 100, 60), 0.02);
    expect(ended.outcome).toBe('unreachable');
  });
});

describe('few blocks', () => {
  const block = (i: number, value: number): BlockFigure => ({
    value,
    terms: [term('cut-interval', 3, `edge@${i}`), term('mark-delay', 1, 'calibration')],
  });

  test('keep their own intervals, of which only what differs from block to block averages out', () => {
    const four = meanOfBlocks([block(0, 9), block(1, 10), block(2, 11), block(3, 10)], 0.05, 'k');
    expect(four.statistics).toBeUndefined();
    expect(four.uncertainty).toBeCloseTo(Math.hypot(3 / 2, 1, 9 / 4 / 10), 12);
    expect(meanOfBlocks([block(0, 9)], 0.05, 'k').uncertainty).toBeCloseTo(Math.hypot(3, 1), 12);
  });

  test('and no time for a pilot end a target without a verdict on it', () => {
    expect(measure((i) => block(i, 10), 0.02, 3)).toMatchObject({ outcome: 'out-of-time', blocks: 3 });
  });
});

describe('the time', () => {
  test('is not exceeded, and what would have been needed is told', () => {
    const ended = measure(independent(new Random(3), 10), 0.005, 60);
    expect(ended).toMatchObject({ outcome: 'out-of-time', blocks: 60, covered: true });
    const block = independent(new Random(3), 10);
    const figures = Array.from({ length: 60 }, (_, i) => block(i));
    const step = nextStep({ stage: 'planned', figures, relative: 0.005, most: 60 });
    expect(step.wanted).toBeGreaterThan(60);
  });

  test('that holds the pilot only still gives its interval', () => {
    expect(measure(independent(new Random(4), 10), 0.005, 10)).toMatchObject({
      outcome: 'out-of-time',
      blocks: 10,
    });
  });
});

test('work that cannot be told from idle ends by the time, not by a division by nothing', () => {
  const random = new Random(8);
  const ended = measure(() => ({ value: random.normal(), terms: [] }), 0.02, 200);
  expect(ended.outcome).toBe('out-of-time');
  expect(Number.isFinite(ended.relative)).toBe(true);
  expect(measure(() => ({ value: 0, terms: [] }), 0.02, 200).outcome).toBe('unreachable');
});
