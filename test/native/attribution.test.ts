import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  type Attribution,
  type ChannelAttribution,
  type LabelEnergy,
  type MeasuredLabel,
  Meter,
  mark,
  type Phase,
  type PhaseColumns,
  type PhaseLengthsOptions,
  phaseLengths,
} from '../../src/index.js';
import { FakeNvml, ONE_BOARD, sleep, TWO_BOARDS } from '../helpers/fake-nvml.js';

interface Step {
  label: string;
  atMs: number;
  lengthMs: number;
  watts: number;
}

const WATTS: Record<string, number> = { prefill: 450, decode: 150, rest: 0 };
const BASE = 120;

/** Phases of 4 and 6 ms in random order, now and then with a pause after one: about one in 25 intervals of the counter. */
function steps(startMs: number, count: number): Step[] {
  const lengths = { prefill: phaseLengths(4, count), decode: phaseLengths(6, count, { seed: 2 }) };
  const order = phaseLengths(0.5, count, { spread: 1, seed: 3 });
  const pauses = phaseLengths(0.5, count, { spread: 1, seed: 4 });
  const out: Step[] = [];
  let now = startMs;
  for (let i = 0; i < count; i += 1) {
    const label = (order[i] as number) < 0.5 ? 'prefill' : 'decode';
    const lengthMs = lengths[label][i] as number;
    out.push({ label, atMs: now, lengthMs, watts: WATTS[label] as number });
    now += lengthMs + ((pauses[i] as number) < 0.1 ? 10 + 100 * (pauses[i] as number) : 0);
  }
  return out;
}

const script = (list: readonly Step[]) =>
  `${ONE_BOARD}base ${BASE}\nsensor 13\n${list.map((s) => `pulse ${s.atMs} ${s.lengthMs} ${s.watts}`).join('\n')}\n`;

const phasesOf = (fake: FakeNvml, list: readonly Step[]): Phase[] =>
  list.map(({ label, atMs, lengthMs }) => ({ label, a: fake.at(atMs), b: fake.at(atMs + lengthMs) }));

type Figures = Extract<ChannelAttribution, { status: 'ok' | 'below-resolution' }>;

function measured(attribution: ChannelAttribution | undefined): Figures {
  expect(attribution?.status).toMatch(/^(ok|below-resolution)$/);
  return attribution as Figures;
}

function power(label: LabelEnergy | undefined) {
  expect(label?.status).toMatch(/^(ok|below-resolution)$/);
  return (label as MeasuredLabel).power;
}

const list = steps(700, 600);
const lastMs = (list.at(-1)?.atMs ?? 0) + (list.at(-1)?.lengthMs ?? 0);
let fake: FakeNvml;
let meter: Meter;

beforeAll(async () => {
  fake = new FakeNvml(script(list));
  meter = await Meter.open(fake.options());
  await sleep(Math.max(0, lastMs - fake.now()));
}, 30_000);

afterAll(() => meter.close());

describe('attribute(phases)', () => {
  test('tells the powers of phases shorter than the counter’s step, and they sum to its total', async () => {
    const result = await meter.attribute(phasesOf(fake, list));
    const board = measured(result.board);
    expect(board.status).toBe('ok');
    expect(Object.keys(board.labels)).toEqual(['prefill', 'decode', 'rest']);
    for (const [label, entry] of Object.entries(board.labels)) {
      const { value, uncertainty } = power(entry);
      const truth = BASE + (WATTS[label] as number);
      expect(Math.abs(value - truth)).toBeLessThan(uncertainty);
      if (label !== 'rest') expect(uncertainty).toBeLessThan(0.5 * truth);
    }
    const entries = Object.values(board.labels) as MeasuredLabel[];
    const sum = entries.reduce((joules, { total }) => joules + total.value, 0);
    expect(Math.abs(sum - board.total.value)).toBeLessThan(1e-9 * board.total.value);

    const prefill = entries[0] as MeasuredLabel;
    const own = list.filter(({ label }) => label === 'prefill');
    expect(prefill.occurrences).toBe(own.length);
    expect(prefill.durationMs).toBeCloseTo(
      own.reduce((sum, { lengthMs }) => sum + lengthMs, 0),
      2,
    );
    const meanS = prefill.durationMs / 1e3 / own.length;
    expect(prefill.perOccurrence.value).toBeCloseTo(prefill.power.value * meanS, 9);
    expect(prefill.perOccurrence.uncertainty).toBeCloseTo(prefill.power.uncertainty * meanS, 9);
    expect(prefill.power.combinedUncertainty).toBeGreaterThan(prefill.power.uncertainty);
    expect(prefill.budget.terms.map(({ name }) => name)).toEqual(
      expect.arrayContaining(['edge-timing', 'repeats', 'mark-delay']),
    );

    const { labels, values } = board.covariance;
    expect(labels).toEqual(['prefill', 'decode', 'rest']);
    expect(1.96 * Math.sqrt(values[0]?.[0] as number)).toBeCloseTo(prefill.power.uncertainty, 9);
    expect(board.intervals).toBeGreaterThan(20);
    expect(board.degreesOfFreedom).toBeLessThan(board.intervals);
    expect(board.identifiability.signals).toHaveLength(2);
    expect(board.interaction?.pValue).toBeGreaterThanOrEqual(0);
    expect(result.durationMs).toBeCloseTo(lastMs - 700, 3);
    expect(result.simulated).toBe(true);
  });

  test('takes columns, in any order, and gives plain data that is the same each time', async () => {
    const backwards = [...phasesOf(fake, list)].reverse();
    const columns: PhaseColumns = {
      labels: backwards.map(({ label }) => label),
      marks: BigInt64Array.from(backwards.flatMap(({ a, b }) => [a, b])),
    };
    const [first, second] = [await meter.attribute(phasesOf(fake, list)), await meter.attribute(columns)];
    // The machine's load is another one every five seconds.
    const still = ({ conditions, ...rest }: Attribution) => ({ ...rest, devices: conditions.devices });
    expect(structuredClone(still(second))).toEqual(structuredClone(still(first)));
    expect(JSON.parse(JSON.stringify(second)).board.status).toBe('ok');
  });

  test('a range adds rest on both sides, and power states get levels of their own', async () => {
    const range = { a: fake.at(300), b: fake.at(lastMs + 5) };
    const wide = await meter.attribute(phasesOf(fake, list), { range, powerStates: [fake.at(2000)] });
    const board = measured(wide.board);
    expect(wide.start).toBe(range.a);
    expect(Math.abs(power(board.labels.rest).value - BASE)).toBeLessThan(
      power(board.labels.rest).uncertainty,
    );
  });

  test('waits for the edge after a phase that has just ended', async () => {
    const now = mark();
    const result = await meter.attribute([{ label: 'tail', a: fake.at(600), b: now }]);
    expect(mark()).toBeGreaterThan(now);
    // Whether it is resolved depends on how many intervals the machine has left it.
    expect(measured(result.board).labels.tail).toMatchObject({
      status: expect.stringMatching(/^(ok|below-resolution)$/),
      occurrences: 1,
    });
    expect(measured(result.board).interaction).toBeNull();
  });

  test('refuses phases that keep step with the counter, with the remedy and the total', async () => {
    const locked: Phase[] = Array.from({ length: 600 }, (_, i) => ({
      label: i % 2 ? 'odd' : 'even',
      a: fake.at(700 + 5 * i),
      b: fake.at(705 + 5 * i),
    }));
    const { board } = await meter.attribute(locked);
    expect(board).toMatchObject({
      status: 'not-identifiable',
      reason: expect.stringMatching(/\.$/),
      remedy: expect.stringContaining('30 %'),
      total: { unit: 'J', value: expect.any(Number) },
      labels: { odd: { status: 'not-identifiable' }, even: { status: 'not-identifiable' } },
    });
    expect((board as { labels: Record<string, object> }).labels.odd).not.toHaveProperty('power');
  });

  test('refuses a handful of intervals, and says so', async () => {
    const { board } = await meter.attribute(phasesOf(fake, list.slice(0, 12)));
    expect(board).toMatchObject({
      status: 'not-identifiable',
      reason: expect.stringContaining('intervals'),
      remedy: expect.stringMatching(/\.$/),
    });
  });

  test('phases before the meter was opened are suspect, with the reason', async () => {
    const early = { label: 'early', a: fake.at(-60_000), b: fake.at(-50_000) };
    const { board } = await meter.attribute([early]);
    expect(board).toMatchObject({ status: 'suspect', cause: 'history-lost', reason: expect.any(String) });
  });
});

describe('bad phases', () => {
  const phase = (label: unknown, a: unknown, b: unknown) => ({ label, a, b }) as Phase;
  test.each<[string, unknown, object?]>([
    ['none', []],
    ['no phases at all', undefined],
    ['a string', 'abc'],
    ['a phase that is null', [null]],
    ['a reversed one', [phase('a', 2n, 1n)]],
    ['one without a length', [phase('a', 2n, 2n)]],
    ['an instant that is a number', [phase('a', 1, 2n)]],
    ['a negative instant', [phase('a', -1n, 2n)]],
    ['an instant beyond 64 bits', [phase('a', 1n, 2n ** 64n)]],
    ['overlapping ones', [phase('a', 1n, 5n), phase('b', 4n, 6n)]],
    ['nested ones', [phase('a', 1n, 9n), phase('b', 4n, 6n)]],
    ['an empty label', [phase('', 1n, 2n)]],
    ['a label that is no string', [phase(7, 1n, 2n)]],
    ['the label of the rest', [phase('rest', 1n, 2n)]],
    ['17 labels', Array.from({ length: 17 }, (_, i) => phase(`l${i}`, BigInt(2 * i), BigInt(2 * i + 1)))],
    ['columns of different lengths', { labels: ['a'], marks: new BigInt64Array(4) }],
    ['columns without marks', { labels: ['a'] }],
    ['a phase outside of the range', [phase('a', 1n, 5n)], { range: { a: 2n, b: 9n } }],
    ['a range without an end', [phase('a', 1n, 5n)], { range: { a: 0n } }],
    ['a state outside of the phases', [phase('a', 1n, 5n)], { powerStates: [7n] }],
    ['states that are no list', [phase('a', 1n, 5n)], { powerStates: 3n }],
    [
      '17 states',
      [phase('a', 1n, 99n)],
      { powerStates: Array.from({ length: 16 }, (_, i) => BigInt(i + 2)) },
    ],
    ['an option that there is not', [phase('a', 1n, 5n)], { rnage: {} }],
  ])('%s: invalid-argument', async (_, phases, options) => {
    await expect(meter.attribute(phases as Phase[], options)).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringMatching(/\.$/),
    });
  });

  test('a label that JavaScript uses itself is a label', async () => {
    const odd = [{ label: '__proto__', a: fake.at(700), b: fake.at(3500) }];
    expect(Object.keys(measured((await meter.attribute(odd)).board).labels)).toEqual(['__proto__']);
  });

  test('an aborted wait rejects with the reason, a closed meter with meter-closed', async () => {
    const reason = new Error('enough');
    const phases = [{ label: 'a', a: mark(), b: mark() + 60_000_000_000n }];
    await expect(meter.attribute(phases, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const closed = await Meter.open(new FakeNvml(ONE_BOARD).options());
    const pending = closed.attribute(phases);
    const rejected = expect(pending).rejects.toMatchObject({ code: 'meter-closed' });
    await closed.close();
    await rejected;
    await expect(closed.attribute(phases)).rejects.toMatchObject({ code: 'meter-closed' });
  });
});

describe('channels', () => {
  test('each board has its own, a counter that cannot be read says why, a reset is suspect', async () => {
    const boards = new FakeNvml(
      `${TWO_BOARDS}reset 900\ndevice GPU-3333 00000000:5E:00.0 Third\nunsupported nvmlDeviceGetTotalEnergyConsumption\n`,
    );
    const other = await Meter.open(boards.options());
    try {
      await sleep(Math.max(0, 2700 - boards.now()));
      const phases = Array.from({ length: 20 }, (_, i) => ({
        label: i % 2 ? 'a' : 'b',
        a: boards.at(700 + 100 * i),
        b: boards.at(760 + 100 * i + 3 * (i % 9)),
      }));
      const { board, scopes } = await other.attribute(phases);
      expect(board).toBeUndefined();
      expect(Object.keys(scopes).sort()).toEqual(['board-0', 'board-1', 'board-2']);
      expect(scopes['board-1']).toMatchObject({ status: 'suspect', cause: 'counter-reset' });
      expect(scopes['board-1']).not.toHaveProperty('labels');
      expect(scopes['board-2']).toMatchObject({ status: 'unsupported', code: 'not-supported' });
      expect(scopes['board-0']?.status).not.toBe('suspect');
    } finally {
      await other.close();
    }
  });
});

describe('phaseLengths', () => {
  test('have their mean exactly, lie within the spread, and are the same for the same seed', () => {
    const lengths = phaseLengths(10, 1000);
    expect(lengths.reduce((sum, length) => sum + length, 0)).toBeCloseTo(10_000, 6);
    expect(Math.min(...lengths)).toBeGreaterThanOrEqual(7);
    expect(Math.max(...lengths)).toBeLessThanOrEqual(13);
    expect(phaseLengths(10, 1000)).toEqual(lengths);
    expect(phaseLengths(10, 1000, { seed: 2 })).not.toEqual(lengths);
    expect(phaseLengths(10, 4, { spread: 0 })).toEqual(Float64Array.of(10, 10, 10, 10));
    expect(phaseLengths(10, 0)).toHaveLength(0);
  });

  test('sums over stretches scatter as those of independent lengths do', () => {
    const lengths = phaseLengths(5, 10_000);
    const sums = Array.from({ length: 500 }, (_, i) =>
      lengths.subarray(20 * i, 20 * i + 20).reduce((sum, length) => sum + length, 0),
    );
    const scatter = Math.sqrt(sums.reduce((squares, sum) => squares + (sum - 100) ** 2, 0) / sums.length);
    const independent = Math.sqrt(20) * ((0.3 * 5) / Math.sqrt(3));
    expect(scatter / independent).toBeGreaterThan(0.85);
    expect(scatter / independent).toBeLessThan(1.15);
  });

  test.each([
    [Number.NaN, 3, {}],
    [-1, 3, {}],
    [5, 1.5, {}],
    [5, 3, { spread: 2 }],
    [5, 3, { seed: -1 }],
    [5, 3, { sed: 1 }],
  ])('phaseLengths(%s, %s, %o) is refused', (mean, count, options) => {
    expect(() => phaseLengths(mean, count, options as PhaseLengthsOptions)).toThrow(
      expect.objectContaining({ code: 'invalid-argument' }),
    );
  });
});
