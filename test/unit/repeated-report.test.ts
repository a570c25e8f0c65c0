import { describe, expect, test } from 'vitest';
import { repeatedEnergy } from '../../src/repeated-energy.js';
import { blocksOf, repeatedReport, shamOf } from '../../src/repeated-report.js';
import type {
  BudgetTerm,
  DeviceConditions,
  Energy,
  EnergyReport,
  MeasuredEnergy,
} from '../../src/types/energy.js';
import type { Channel } from '../../src/types/meter.js';
import { Random } from '../helpers/random.js';

const MS = 1_000_000n;
const how = { alpha: 0.05, repeats: { mode: 'sustained' as const, blocks: 10, runsPerBlock: 3 } };

const term = (name: BudgetTerm['name'], key: string, uncertainty: number): BudgetTerm => ({
  name,
  key,
  uncertainty,
  distribution: 'normal',
});

const block = (id: string, i: number, value: number, more: Partial<Energy> = {}): Energy =>
  ({
    id,
    scope: 'board',
    kind: 'caused',
    method: 'counter',
    status: 'ok',
    value,
    uncertainty: 1,
    combinedUncertainty: 1,
    unit: 'J',
    budget: {
      coverage: 0.95,
      terms: [
        term('edge-timing', `edge:${id}@${i}`, 0.1),
        term('mark-delay', `calibration:${id}`, 0.2),
        term('phase', `calibration:${id}`, 5),
      ],
      gain: { relative: 0.05, distribution: 'rectangular', key: `gain:${id}` },
    },
    ...more,
  }) as Energy;

const suspect = { status: 'suspect', cause: 'other-work', reason: 'Another process.' } as Partial<Energy>;

function repeated(energies: Energy[]) {
  return repeatedEnergy(
    { energies, starts: energies.map((_, i) => BigInt(i)) },
    {},
    { ...how, repeats: { ...how.repeats, blocks: energies.length } },
  );
}

describe('the energy of blocks', () => {
  test('is their sum, with an interval from their scatter and from what they have in common', () => {
    const energies = [9, 10, 11, 10, 10, 9, 11, 10, 9, 11].map((value, i) => block('board-0', i, value));
    const all = repeated(energies);
    expect(all).toMatchObject({
      status: 'ok',
      value: 100,
      repeats: {
        mode: 'sustained',
        blocks: 10,
        runsPerBlock: 3,
        leftOut: 0,
        effectiveBlocks: 10,
        autocorrelation: 0,
      },
      method: 'counter; 10 blocks of 3 runs, interval from their scatter',
    });
    const names = all.budget?.terms.map(({ name }) => name);
    // The phase is another one in each block.
    expect(names).toEqual(['repeats', 'prior', 'mark-delay']);
    expect(all.budget?.terms[2]?.uncertainty).toBeCloseTo(10 * 0.2, 12);
    const s = Math.sqrt(6 / 9);
    const repeats = 2.262157 * s * Math.sqrt(10);
    expect(all.status === 'ok' && all.uncertainty).toBeCloseTo(Math.hypot(repeats, 2), 2);
  });

  test('keeps a drift of idle as wide as in one block: it drifts after each alike', () => {
    const energies = Array.from({ length: 10 }, (_, i) => {
      const energy = block('board-0', i, 10 + 0.01 * (i % 3)) as MeasuredEnergy;
      const terms = [term('idle-drift', `idle:board-0@${i}`, 3)];
      return { ...energy, budget: { ...energy.budget, terms } } as Energy;
    });
    const all = repeated(energies);
    expect(all.budget?.terms.map(({ name }) => name)).toContain('idle-drift');
    expect(all.status === 'ok' && all.uncertainty).toBeCloseTo(30, 1);
  });

  test('leaves out and counts a block that was disturbed, and is suspect with many of them', () => {
    const energies = Array.from({ length: 20 }, (_, i) =>
      block('board-0', i, 10 + (i % 3), i === 4 ? suspect : {}),
    );
    const some = repeated(energies);
    expect(some).toMatchObject({ status: 'ok', repeats: { blocks: 20, leftOut: 1 } });
    // Of all runs: the mean of the others stands for the one left out.
    const others = energies.filter((_, i) => i !== 4) as { value: number }[];
    expect(some.status === 'ok' && some.value).toBeCloseTo(
      (20 / 19) * others.reduce((sum, one) => sum + one.value, 0),
      9,
    );
    const many = repeated(
      energies.map((energy, i) => (i % 4 === 0 ? ({ ...energy, ...suspect } as Energy) : energy)),
    );
    expect(many).toMatchObject({
      status: 'suspect',
      cause: 'other-work',
      reason: expect.stringContaining('5 of 20 blocks'),
    });
  });

  test('that are all suspect has no value, of one is that one, and of none measured says why', () => {
    const all = repeated([0, 1].map((i) => block('board-0', i, 10, suspect)));
    expect(all).toMatchObject({ status: 'suspect', cause: 'other-work', unit: 'J' });
    expect(all).not.toHaveProperty('value');
    const one = block('board-0', 0, 10);
    expect(repeated([one])).toEqual({
      ...one,
      repeats: { mode: 'sustained', blocks: 1, runsPerBlock: 3, leftOut: 0 },
    });
    const no = { id: 'dram-0', status: 'unsupported', reason: 'No.' } as Energy;
    expect(repeated([no, no])).toBe(no);
  });
});

describe('the report of blocks', () => {
  const channels = ['board-0', 'board-1'].map((id, index) => ({ id, scope: 'board', index }) as Channel);
  const device = (temperature: number, otherWork: DeviceConditions['otherWork']) =>
    ({
      id: 'board-0',
      temperatureC: { min: temperature, max: temperature + 1, first: temperature, last: temperature + 1 },
      smClockMHz: null,
      throttleReasons: temperature > 50 ? ['sw-power-cap'] : [],
      otherWork,
      busyProcesses: otherWork === 'busy' ? [4242] : [],
    }) as unknown as DeviceConditions;

  function report(i: number, values: [number, number]): EnergyReport {
    const start = BigInt(i) * 100n * MS;
    const scopes = Object.fromEntries(channels.map(({ id }, c) => [id, block(id, i, values[c] as number)]));
    const level = { value: 100 + i, uncertainty: 2, combinedUncertainty: 3, unit: 'W' as const };
    return {
      kind: 'caused',
      start,
      end: start + 10n * MS,
      durationMs: 10,
      scopes,
      total: { ...block('total', i, values[0] + values[1]), of: ['board-0', 'board-1'] },
      idle: { 'board-0': { before: level, after: null, level } },
      conditions: { devices: [device(40 + 2 * i, i === 3 ? 'busy' : 'none')], host: {} },
      timeline: {
        origin: start,
        series: [
          {
            id: 'board-0',
            source: 'counter',
            unit: 'J',
            tBeforeMs: Float64Array.of(-11, 49),
            tAfterMs: Float64Array.of(-10, 50),
            value: Float64Array.of(i, i + 0.5),
          },
          // Neighbouring blocks both hold the sample between them.
          {
            id: 'board-0',
            source: 'sensor',
            unit: 'W',
            tBeforeMs: Float64Array.of(-50, 50),
            tAfterMs: Float64Array.of(-50, 50),
            value: Float64Array.of(7, 8),
          },
        ],
      },
      simulated: true,
    } as unknown as EnergyReport;
  }

  const random = new Random(5);
  // What one block has more of, it has more of in both scopes.
  const reports = Array.from({ length: 10 }, (_, i) => {
    const more = random.normal();
    return report(i, [10 + more, 20 + more]);
  });
  const all = repeatedReport(channels, { reports, gross: reports, net: reports }, [], how);

  test('spans them, and adds up the time in them', () => {
    expect(all).toMatchObject({
      kind: 'caused',
      start: 0n,
      end: 910n * MS,
      durationMs: 100,
      simulated: true,
    });
  });

  test('has a total that knows of variation common to all scopes', () => {
    const { total, scopes } = all;
    if (total?.status !== 'ok') throw new Error('no total');
    const alone = Object.values(scopes).map((energy) => (energy.status === 'ok' ? energy.uncertainty : 0));
    expect(total.value).toBeCloseTo(
      reports.reduce((sum, one) => sum + (one.total as { value: number }).value, 0),
      9,
    );
    expect(total.uncertainty).toBeGreaterThan(1.2 * Math.hypot(...alone));
    expect(total.combinedUncertainty).toBeGreaterThan(total.uncertainty);
  });

  test('joins idle levels, conditions and samples', () => {
    expect(all.idle['board-0']).toMatchObject({
      level: { value: 104.5, uncertainty: 2, unit: 'W' },
      after: null,
    });
    expect(all.conditions.devices[0]).toMatchObject({
      temperatureC: { min: 40, max: 59, first: 40, last: 59 },
      throttleReasons: ['sw-power-cap'],
      otherWork: 'busy',
      smClockMHz: null,
    });
    const [counter, sensor] = all.timeline.series;
    expect(counter?.tAfterMs).toHaveLength(20);
    expect(sensor?.tAfterMs).toHaveLength(11);
    for (const series of [counter, sensor]) {
      const times = [...(series?.tAfterMs ?? [])];
      expect([...times].sort((a, b) => a - b)).toEqual(times);
    }
    expect(counter?.tAfterMs[2]).toBe(90);
  });

  test('lists each block, and means of shams by the block', () => {
    const blocks = blocksOf(
      reports,
      reports.map(() => 3),
    );
    expect(blocks).toHaveLength(10);
    expect(blocks[1]).toMatchObject({
      start: 100n * MS,
      repetitions: 3,
      scopes: { 'board-0': { status: 'ok' } },
    });
    const sham = shamOf(channels, reports, how);
    expect(sham).toMatchObject({ blocks: 10, kind: 'caused' });
    expect(sham?.scopes['board-1']?.value).toBeCloseTo(
      (all.scopes['board-1'] as { value: number }).value / 10,
      9,
    );
    expect(shamOf(channels, [], how)).toBeUndefined();
  });
});
