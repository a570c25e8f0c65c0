import { describe, expect, test } from 'vitest';
import { type PlanDescription, planSentence, stopReason } from '../../src/planner/sentence.js';
import type { BudgetTerm } from '../../src/types/energy.js';

const term = (name: BudgetTerm['name'], uncertainty: number): BudgetTerm => ({
  name,
  uncertainty,
  distribution: 'normal',
  key: 'k',
});

const plan = (more: Partial<PlanDescription> = {}): PlanDescription => ({
  runMs: 2.2,
  watts: 310,
  runs: 1900,
  blocks: 10,
  runsPerBlock: 190,
  mode: 'sustained',
  relative: 0.02,
  mean: {
    value: 50,
    uncertainty: 0.8,
    terms: [term('repeats', 0.5), term('mark-delay', 0.4)],
    statistics: undefined,
  },
  outcome: 'reached',
  wanted: 10,
  blockMs: 1650,
  maxDurationMs: 600_000,
  ...more,
});

describe('a plan explains itself in one sentence:', () => {
  test.each<[string, Partial<PlanDescription>, string]>([
    ['reached', {}, '2.20 ms at 310 W: 1,900 runs in 10 blocks of 190 back to back for 2 %, 1.6 % reached.'],
    [
      'bursts',
      { mode: 'burst', runsPerBlock: 1, blocks: 1900, relative: 0.125 },
      '2.20 ms at 310 W: 1,900 runs in single bursts for 13 %, 1.6 % reached.',
    ],
    [
      'bursts of some',
      { mode: 'burst', runsPerBlock: 10, blocks: 190, watts: undefined },
      '2.20 ms: 1,900 runs in 190 blocks of 10 for 2 %, 1.6 % reached.',
    ],
    [
      'out of time',
      { outcome: 'out-of-time', wanted: 5300, relative: 0.001 },
      '2.20 ms at 310 W: 1,900 runs in 10 blocks of 190 back to back gave 1.6 %, not the 0.1 % asked for: it would take about 5,300 blocks or 2.43 h, and the time was limited to 10.0 min.',
    ],
  ])('%s', (_, more, sentence) => {
    expect(planSentence(plan(more))).toBe(sentence);
  });

  test('and says why it did not reach its target', () => {
    expect(stopReason(plan({ outcome: 'unreachable' }))).toContain('(mark-delay 0.8 %)');
    const drawn = { value: 50, uncertainty: 9, terms: [term('prior', 8)], statistics: undefined };
    expect(stopReason(plan({ outcome: 'unreachable', mean: drawn }))).toMatch(/more runs in a block/);
    expect(stopReason(plan({ outcome: 'out-of-time', wanted: 10 }))).toContain('too short for a pilot');
    expect(stopReason(plan({ outcome: 'missed' }))).toContain('extension');
    expect(stopReason(plan({ outcome: 'missed', mean: undefined }))).toContain('suspect');
    const nothing = { value: 0, uncertainty: 1, terms: [], statistics: undefined };
    expect(stopReason(plan({ outcome: 'unreachable', mean: nothing }))).toContain('told from idle');
    expect(planSentence(plan({ outcome: 'missed', mean: undefined }))).toContain(
      'gave no figure, not the 2 % asked for: most',
    );
  });
});
