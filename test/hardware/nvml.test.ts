// With a real NVIDIA board; elsewhere skipped, and counted as skipped.
import { expect } from 'vitest';
import { Meter, probe } from '../../src/index.js';
import { sleep } from '../helpers/fake-nvml.js';
import { testIf } from '../helpers/skip.js';

const { counters, simulated } = await probe({ timing: false });
const board = !simulated && counters.some((c) => c.readable && c.method === 'nvml:total-energy');

testIf(board, 'no NVIDIA board with an energy counter can be read here')(
  'a board’s counter agrees with its own average power to within a quarter',
  async () => {
    const meter = await Meter.open({ sources: ['nvml'] });
    await sleep(1500);
    const { energy, durationMs } = await meter.measure(() => sleep(2000));
    await meter.close();
    const id = meter.channels.find((channel) => channel.unsupported === undefined)?.id as string;
    const figure = energy.scopes[id];
    expect(figure?.status).toBe('ok');
    const watts = ((figure?.gross?.value as number) / durationMs) * 1000;
    const average = energy.timeline.series.find((s) => s.id === id && s.source === 'nvml:power-average');
    const mean = (average?.value.reduce((a, b) => a + b, 0) as number) / (average?.value.length as number);
    expect(watts / mean).toBeGreaterThan(0.75);
    expect(watts / mean).toBeLessThan(1.25);
  },
);
