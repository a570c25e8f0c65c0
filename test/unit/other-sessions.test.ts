import { expect, test } from 'vitest';
import { disturbed, joinedSessions, reportedDevice } from '../../src/other-sessions.js';
import type { Energy, EnergyReport } from '../../src/types/energy.js';
import type { Channel } from '../../src/types/meter.js';

const channel = (id: string, source: string, index: number) => ({ id, source, index }) as unknown as Channel;
const channels = [
  channel('board-0', 'nvml', 0),
  channel('board-1', 'nvml', 1),
  channel('gpu-memory-1', 'nvml', 1),
  channel('package-0', 'rapl', 0),
  channel('dram-1', 'rapl', 1),
];

function report(): EnergyReport {
  const energy = (id: string, status = 'ok') =>
    ({ id, status, value: 2, uncertainty: 0.1, lo: 1.9, hi: 2.1, unit: 'J' }) as unknown as Energy;
  return {
    scopes: {
      'board-0': energy('board-0'),
      'board-1': energy('board-1', 'below-resolution'),
      'gpu-memory-1': { id: 'gpu-memory-1', status: 'unsupported' } as unknown as Energy,
    },
    total: energy('total'),
    conditions: {
      devices: [
        { id: 'board-0', otherWork: 'none' },
        { id: 'board-1', otherWork: 'unknown' },
      ],
      host: {},
    },
  } as unknown as EnergyReport;
}

test('a device has the channels of its own board, and the processor those of RAPL', () => {
  expect(reportedDevice(channels, 'board-1', 1)).toEqual({
    id: 'board-1',
    channels: ['board-1', 'gpu-memory-1'],
  });
  expect(reportedDevice(channels, 'cpu', 'cpu').channels).toEqual(['package-0', 'dram-1']);
  expect(reportedDevice(channels, undefined, undefined).channels).toEqual([]);
});

test("other work explains contradicting readings and a changed idle level, but none of the counter's own faults", () => {
  const causes = ['inconsistent', 'idle-state-changed', 'counter-reset', 'device-lost'];
  const told = causes.map((cause) => {
    const usual = report();
    usual.scopes['board-1'] = { ...usual.scopes['board-1'], status: 'suspect', cause } as unknown as Energy;
    return disturbed(usual, reportedDevice(channels, 'board-1', 1)).scopes['board-1'];
  });
  expect(told.map((energy) => energy?.status === 'suspect' && energy.cause)).toEqual([
    'other-work',
    'other-work',
    'counter-reset',
    'device-lost',
  ]);
});

test('in a disturbed window what the device took is suspect, with its value and without ends; the rest stands', () => {
  const usual = report();
  const marked = disturbed(usual, reportedDevice(channels, 'board-1', 1));
  expect(marked.scopes['board-1']).toMatchObject({
    status: 'suspect',
    cause: 'other-work',
    reason: expect.stringContaining('Another session of this process'),
    value: 2,
    uncertainty: 0.1,
  });
  expect(marked.scopes['board-1']).not.toHaveProperty('lo');
  expect(marked.scopes['gpu-memory-1']).toMatchObject({ status: 'unsupported' });
  expect(marked.scopes['board-0']).toMatchObject({ status: 'ok', lo: 1.9 });
  expect(marked.conditions.devices.map(({ otherWork }) => otherWork)).toEqual(['none', 'busy']);
  expect(marked).not.toHaveProperty('total');
  expect(usual).toEqual(report());
});

test('jobs of one session in several loops are one entry', () => {
  expect(
    joinedSessions([
      [{ session: 'a', jobs: 2 }],
      [],
      [
        { session: '', jobs: 1 },
        { session: 'a', jobs: 3 },
      ],
    ]),
  ).toEqual([
    { session: 'a', jobs: 5 },
    { session: 'sessions that have ended since', jobs: 1 },
  ]);
});
