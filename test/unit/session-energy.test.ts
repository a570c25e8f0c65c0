import { describe, expect, test } from 'vitest';
import { attachBoard, matchDevice } from '../../src/session-energy.js';
import type { Energy, EnergyReport } from '../../src/types/energy.js';

const device = (index: number, uuid: string, pciBusId: string) => ({
  id: `board-${index}`,
  index,
  name: 'GPU',
  uuid,
  pciBusId,
  mig: null as boolean | null,
});

const A = device(0, 'GPU-aaaa', '00000000:17:00.0');
const B = device(1, 'GPU-bbbb', '00000000:B3:00.0');

function report(): EnergyReport {
  const energy = (id: string) => ({ id, status: 'ok', value: 1 }) as unknown as Energy;
  return {
    kind: 'caused',
    scopes: { 'board-0': energy('board-0'), 'board-1': energy('board-1') },
  } as unknown as EnergyReport;
}

describe('the device of a session', () => {
  test('is found by UUID whatever the order', () => {
    expect(matchDevice({ uuid: 'GPU-bbbb', pciBusId: '' }, [A, B])).toBe(B);
    expect(matchDevice({ uuid: 'GPU-bbbb', pciBusId: '' }, [B, A])).toBe(B);
  });

  test('is found by PCI bus id, which CUDA and NVML write differently', () => {
    expect(matchDevice({ uuid: '', pciBusId: '0000:b3:00.0' }, [A, B])).toBe(B);
  });

  test('is nobody where neither is known or fits', () => {
    expect(matchDevice({ uuid: '', pciBusId: '' }, [A, B])).toBeUndefined();
    expect(matchDevice({ uuid: 'GPU-cccc', pciBusId: '0000:01:00.0' }, [A, B])).toBeUndefined();
  });

  test('decides whose energy the board is', () => {
    const r = report();
    attachBoard(r, 'cuda', { uuid: 'GPU-bbbb', pciBusId: '' }, [A, B]);
    expect(r.board).toBe(r.scopes['board-1']);
  });

  test('without a match gives no board an energy, and says why', () => {
    const r = report();
    attachBoard(r, 'cuda', { uuid: 'GPU-cccc', pciBusId: '' }, [A, B]);
    expect(r.board).toMatchObject({ status: 'unsupported', reason: expect.stringContaining('GPU-cccc') });
    expect(r.board).not.toHaveProperty('value');
    const unknown = report();
    attachBoard(unknown, 'cuda', null, [A, B]);
    expect(unknown.board).toMatchObject({
      status: 'unsupported',
      reason: expect.stringContaining('could not be identified'),
    });
  });

  test('that is an instance of a divided GPU has no energy of its own, and says whose the board is', () => {
    const instance = { uuid: 'MIG-40414243', pciBusId: '0000:b3:00.0' };
    for (const boards of [
      [A, { ...B, mig: true }],
      [A, B],
    ]) {
      const r = report();
      attachBoard(r, 'cuda', instance, boards);
      expect(r.board).toMatchObject({
        status: 'unsupported',
        reason: expect.stringContaining('MIG-40414243'),
        remedy: expect.stringContaining('board-1'),
      });
      expect(r.board).not.toHaveProperty('value');
      expect(r.scopes['board-1']).toMatchObject({ status: 'ok' });
    }
    // A driver that names the board and not the instance.
    const named = report();
    attachBoard(named, 'cuda', { uuid: 'GPU-bbbb', pciBusId: '' }, [A, { ...B, mig: true }]);
    expect(named.board).toMatchObject({ status: 'unsupported' });
  });

  test('is left alone on the CPU', () => {
    const r = report();
    attachBoard(r, 'cpu', null, [A, B]);
    expect(r.board).toBeUndefined();
  });
});
