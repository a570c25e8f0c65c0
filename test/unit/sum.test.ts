import { describe, expect, test } from 'vitest';
import { type Energy, type MicrojouleError, type Scope, sumEnergies } from '../../src/index.js';

const SCOPES: Record<string, Scope> = {
  board: 'board',
  module: 'module',
  'gpu-memory': 'gpu-memory',
  package: 'cpu-package',
  core: 'cpu-core',
  uncore: 'cpu-uncore',
  dram: 'dram',
  platform: 'platform',
};

function energy(id: string, value = 10, uncertainty = 1): Energy {
  const scope = SCOPES[id.replace(/-\d+$/, '')] as Scope;
  return {
    id,
    scope,
    kind: 'window',
    method: 'perf:energy-pkg',
    budget: null,
    status: 'ok',
    value,
    uncertainty,
    combinedUncertainty: uncertainty,
    unit: 'J',
  };
}

const sumOf = (...ids: string[]) => sumEnergies(ids.map((id) => energy(id)));

function refusal(...ids: string[]): MicrojouleError {
  try {
    sumOf(...ids);
  } catch (error) {
    return error as MicrojouleError;
  }
  throw new Error(`${ids} was added`);
}

describe('sumEnergies', () => {
  test.each([
    [['package-0', 'dram-0']],
    [['package-0', 'package-1', 'dram-0', 'dram-1']],
    [['core-0', 'uncore-0', 'dram-0']],
    [['package-0', 'core-1']],
    [['board-0', 'board-1', 'package-0']],
    [['module-0', 'board-1', 'dram-0']],
    [['gpu-memory-0', 'board-1']],
  ])('adds %s', (ids) => {
    expect(sumOf(...ids)).toMatchObject({
      id: 'sum',
      of: ids,
      status: 'ok',
      unit: 'J',
      value: 10 * ids.length,
    });
    expect(sumOf(...ids).method).toBe(`sum of ${ids.join(', ')}`);
  });

  test.each([
    ['package-0', 'core-0', 'package-0 contains core-0'],
    ['uncore-1', 'package-1', 'package-1 contains uncore-1'],
    ['platform-0', 'package-1', 'platform-0 contains package-1'],
    ['dram-0', 'platform-0', 'platform-0 contains dram-0'],
    ['module-0', 'board-0', 'module-0 contains board-0'],
    ['board-2', 'gpu-memory-2', 'board-2 contains gpu-memory-2'],
    ['module-0', 'gpu-memory-0', 'module-0 contains gpu-memory-0'],
  ])('refuses %s with %s, and says which contains which', (a, b, text) => {
    for (const ids of [
      [a, b],
      [b, a],
    ]) {
      const error = refusal(...ids);
      expect(error.code).toBe('invalid-argument');
      expect(error.message).toContain(text);
      expect(error.remedy).not.toBe(undefined);
    }
  });

  test.each([
    ['platform-0', 'board-0'],
    ['platform-0', 'platform-1'],
  ])('refuses %s with %s: whether they overlap is not known', (a, b) => {
    expect(refusal(a, b).message).toMatch(/not known whether/);
  });

  test('errs as its parts do, and says what is wrong with any of them', () => {
    const sum = sumEnergies([energy('package-0', 100, 3), energy('dram-0', 20, 4)]);
    expect(sum).toMatchObject({ value: 120, uncertainty: 5 });
    expect(sum.status === 'ok' && sum.combinedUncertainty).toBeGreaterThan(5);
    const suspect = { ...energy('dram-0'), status: 'suspect', cause: 'counter-stuck', reason: '…' } as Energy;
    expect(sumEnergies([energy('package-0'), suspect])).toMatchObject({
      status: 'suspect',
      cause: 'counter-stuck',
    });
    const { id, scope, kind, method, budget } = energy('dram-0');
    const absent: Energy = {
      ...{ id, scope, kind, method, budget },
      ...{ status: 'unsupported', code: 'permission-denied', reason: 'No.', remedy: 'Do.' },
    };
    expect(sumEnergies([energy('package-0'), absent])).toMatchObject({
      status: 'unsupported',
      code: 'permission-denied',
      reason: 'dram-0: No.',
      remedy: 'Do.',
    });
  });

  test('refuses what is no list of single scopes of one kind', () => {
    expect(() => sumEnergies([])).toThrow(/array of energies/);
    expect(() => sumEnergies(energy('board-0') as unknown as Energy[])).toThrow(/array of energies/);
    expect(() => sumEnergies([energy('board-0'), { ...energy('board-1'), kind: 'caused' }])).toThrow(
      /no sum/,
    );
    expect(() => sumEnergies([{ ...energy('board-0'), id: 'total' }])).toThrow(
      /a sum already|no single scope/,
    );
    expect(() => sumEnergies([energy('board-0'), energy('board-0')])).toThrow(/given twice/);
  });
});
