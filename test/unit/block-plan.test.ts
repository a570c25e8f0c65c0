import { describe, expect, test } from 'vitest';
import { type BlocksWanted, designBlocks, needsRunTime, needsTiming } from '../../src/block-plan.js';
import { type LengthOptions, readLength } from '../../src/length-options.js';

const timing = { periodMs: 100, decayMs: 65 };

function design(
  options: LengthOptions,
  more: Partial<BlocksWanted> = {},
  counter: typeof timing | null = timing,
) {
  return designBlocks(
    {
      length: readLength(options, { minDurationMs: 5000 }),
      kind: 'caused',
      quiet: { beforeMs: undefined, afterMs: undefined },
      defaultQuietMs: 1000,
      runMs: 2,
      targetIds: [],
      request: { signal: undefined, timeoutNs: -1 },
      ...more,
    },
    counter ?? undefined,
  );
}

const target = { relativeUncertainty: 0.02 };
const alone = { kind: 'window', defaultQuietMs: 0 } as const;

describe('a block', () => {
  test.each<[string, LengthOptions, Partial<BlocksWanted>, object]>([
    [
      'by default is all runs of one window',
      {},
      {},
      { mode: 'sustained', runsPerBlock: 0, minDurationMs: 5000, beforeMs: 1000, periodMs: 0 },
    ],
    [
      'is as many runs as were asked for',
      { repetitions: 70 },
      {},
      { mode: 'sustained', runsPerBlock: 70, afterMs: 1000, periodMs: 0 },
    ],
    [
      'lasts five periods where a target is to be met',
      { target },
      {},
      { mode: 'sustained', runsPerBlock: 250, beforeMs: 565, afterMs: 565, periodMs: 100 },
    ],
    ['has one long run then', { target }, { runMs: 900 }, { runsPerBlock: 1 }],
    ['has the runs that were asked for', { target, runsPerBlock: 7 }, {}, { runsPerBlock: 7, periodMs: 100 }],
    [
      'of a target for what lies between two marks needs no quiet time',
      { target },
      alone,
      { runsPerBlock: 250, beforeMs: 0, afterMs: 0, periodMs: 100 },
    ],
    [
      'keeps the quiet time that was asked for',
      { target },
      { quiet: { beforeMs: 50, afterMs: undefined } },
      { beforeMs: 50, afterMs: 565 },
    ],
    [
      'is a single run in bursts',
      { mode: 'burst', repetitions: 20 },
      {},
      { mode: 'burst', runsPerBlock: 1, beforeMs: 565, periodMs: 100 },
    ],
    [
      'has quiet time even if it is the only burst',
      { mode: 'burst', repetitions: 1 },
      alone,
      { runsPerBlock: 1, beforeMs: 565 },
    ],
    [
      'is one of many for a time',
      { mode: 'burst', minDurationMs: 900 },
      {},
      { runsPerBlock: 1, minDurationMs: 900 },
    ],
    [
      'by auto is a burst where a run is long',
      { mode: 'auto', repetitions: 4 },
      { runMs: 300 },
      { mode: 'burst', runsPerBlock: 1 },
    ],
    [
      'by auto is back to back where it is short',
      { mode: 'auto', repetitions: 4 },
      { runMs: 299 },
      { mode: 'sustained', runsPerBlock: 4 },
    ],
    [
      'by auto is no burst without quiet time',
      { mode: 'auto', repetitions: 4 },
      { runMs: 300, quiet: { beforeMs: 0, afterMs: 0 } },
      { mode: 'sustained' },
    ],
    ['may be followed by a sham', { sham: true }, {}, { sham: true, runsPerBlock: 0, beforeMs: 1000 }],
  ])('%s', (_, options, more, expected) => {
    expect(design(options, more)).toMatchObject(expected);
  });

  test('without counters is what it was asked to be, without shams and phases', () => {
    const bursts = design({ mode: 'burst', repetitions: 3, sham: true }, {}, null);
    expect(bursts).toMatchObject({
      mode: 'burst',
      runsPerBlock: 1,
      beforeMs: 1000,
      sham: false,
      periodMs: 0,
    });
  });

  test('of fast counters is not shorter than what a clock can place', () => {
    const rapl = design({ target }, {}, { periodMs: 1, decayMs: 0 });
    expect(rapl).toMatchObject({ runsPerBlock: 50, beforeMs: 200, afterMs: 200, periodMs: 1 });
  });
});

test('one window of runs back to back waits for no knowledge of the counter', () => {
  const plain = readLength({ repetitions: 5 }, { runs: 1 });
  expect([needsTiming(plain), needsRunTime(plain)]).toEqual([false, false]);
  const planned = readLength({ target }, { runs: 1 });
  expect([needsTiming(planned), needsRunTime(planned)]).toEqual([true, true]);
  const bursts = readLength({ target, mode: 'burst' }, { runs: 1 });
  expect([needsTiming(bursts), needsRunTime(bursts)]).toEqual([true, false]);
});
