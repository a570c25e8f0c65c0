import { describe, expect, test } from 'vitest';
import { targetChannels } from '../../src/target-scope.js';
import type { Scope } from '../../src/types/energy.js';
import type { Channel } from '../../src/types/meter.js';

const channel = (id: string, scope: Scope, readable = true): Channel => ({
  id,
  scope,
  index: 0,
  source: 'nvml',
  method: 'test',
  unit: 'J',
  ...(readable ? {} : { unsupported: { code: 'not-supported', reason: 'no' } }),
});

const all = [
  channel('package-0', 'cpu-package'),
  channel('package-1', 'cpu-package'),
  channel('dram-0', 'dram'),
  channel('board-0', 'board'),
  channel('board-1', 'board'),
  channel('module-0', 'module', false),
];

describe('a target is meant for', () => {
  test("the session's own board, or the largest scope that is measured", () => {
    expect(targetChannels(all, undefined, 'board-1').ids).toEqual(['board-1']);
    expect(targetChannels(all, undefined, 'cpu').ids).toEqual(['package-0', 'package-1']);
    expect(targetChannels(all, undefined).ids).toEqual(['board-0', 'board-1']);
    expect(targetChannels([...all, channel('platform-0', 'platform')], undefined, 'cpu').ids).toEqual([
      'platform-0',
    ]);
    expect(targetChannels(all.slice(3), undefined, 'cpu').ids).toEqual(['board-0', 'board-1']);
  });

  test('the scope or the counter that was named', () => {
    expect(targetChannels(all, 'board').ids).toEqual(['board-0', 'board-1']);
    expect(targetChannels(all, 'dram-0').ids).toEqual(['dram-0']);
    expect(() => targetChannels(all, 'gpu')).toThrow(
      expect.objectContaining({ code: 'invalid-argument', remedy: expect.stringContaining('package-0') }),
    );
  });

  test('nothing where nothing can be read, and says so', () => {
    expect(targetChannels(all, 'module')).toEqual({ ids: [], unreadable: 'module cannot be read here' });
    expect(targetChannels([channel('board-0', 'board', false)], undefined)).toEqual({
      ids: [],
      unreadable: 'No energy counter can be read here',
    });
  });
});
