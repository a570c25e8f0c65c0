import { expect, test } from 'vitest';
import { probeCounters } from '../../src/probe-counters.js';
import { FakeNvml, ONE_BOARD } from '../helpers/fake-nvml.js';

test('each counter of a board with its cost, period and resolution', async () => {
  const fake = new FakeNvml(`${ONE_BOARD}base 120\nsquare 0 200 100 300 100\n`);
  const found = await probeCounters({ roots: { nvml: fake.path } });
  expect(found.driver).toEqual({ nvml: '580.159.04', cuda: '13.0' });
  expect(found.simulated).toBe(true);
  expect(found.gpus).toEqual([
    {
      index: 0,
      name: 'Fake H100',
      uuid: 'GPU-1111',
      pciBusId: '00000000:19:00.0',
      migEnabled: false,
      state: expect.objectContaining({ uuid: 'GPU-1111', powerLimitW: 700, persistenceMode: true }),
      calibration: expect.objectContaining({ from: 'built-in' }),
    },
  ]);
  const energy = found.counters.find(({ method }) => method === 'nvml:total-energy');
  expect(energy).toMatchObject({ id: 'board-0', readable: true, unit: 'J', resolution: 0.001 });
  if (!energy?.readable) throw new Error('not readable');
  // The fake sleeps 2.7 ms in a call and updates each 100.002 ms: the probe must see both, not assume them.
  expect(energy.callUs?.p50).toBeGreaterThan(2_000);
  expect(energy.updatePeriodMs).toBeGreaterThan(60);
  expect(energy.updatePeriodMs).toBeLessThan(150);
  const ring = found.counters.find(({ method }) => method === 'nvml:power-samples');
  expect(ring).toMatchObject({ readable: true, unit: 'W' });
  if (ring?.readable) expect(ring.updatePeriodMs).toBeCloseTo(20, 1);
  const methods = found.counters.map(({ method }) => method);
  expect(methods).toEqual([
    'nvml:total-energy',
    'nvml:power-instant',
    'nvml:power-average',
    'nvml:memory-power',
    'nvml:power-usage',
    'nvml:power-samples',
    'rapl',
  ]);
});

test('what is refused or absent says why, and costs nothing to the rest', async () => {
  const fake = new FakeNvml(`${ONE_BOARD}unsupported nvmlDeviceGetTotalEnergyConsumption\n`);
  const { counters } = await probeCounters({ roots: { nvml: fake.path }, timing: false });
  expect(counters[0]).toMatchObject({ readable: false, code: 'not-supported', reason: expect.any(String) });
  expect(counters[0]).toMatchObject({
    remedy: expect.stringMatching(/^Energy is counted from nvml:power-samples instead: /),
  });
  expect(counters[1]).toMatchObject({ method: 'nvml:power-instant', readable: true, callUs: null });
  const absent = await probeCounters({ roots: { nvml: '/nonexistent.so' }, timing: false });
  expect(absent.gpus).toEqual([]);
  expect(absent.driver).toEqual({ nvml: null, cuda: null });
  expect(absent.counters[0]).toMatchObject({
    id: 'board-0',
    readable: false,
    code: 'library-not-found',
    remedy: expect.any(String),
  });
});
