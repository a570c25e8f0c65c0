// Windows that no clock or counter can answer in full, through the public meter: a value with its interval, or suspect
// with the reason; never an exception.
import { describe, expect, test } from 'vitest';
import { type Energy, type EnergyReport, mark } from '../../src/index.js';
import { FakeNvml, ONE_BOARD, sleep } from '../helpers/fake-nvml.js';
import { withMeter } from '../helpers/with-meter.js';

const WATTS = 200;
const STEADY = `${ONE_BOARD}base ${WATTS}\n`;

const joules = (report: EnergyReport): number => (WATTS * report.durationMs) / 1e3;

/** A figure without a lie: no NaN, no negative uncertainty, and with a value an interval that holds the truth. */
function expectSound(energy: Energy | undefined, truth: number): void {
  expect(energy?.status).toMatch(/^(ok|below-resolution|suspect)$/);
  if (energy?.status === 'suspect') expect(energy.reason).toMatch(/\.$/);
  const { value, uncertainty } = energy as { value?: number; uncertainty?: number };
  if (value === undefined || uncertainty === undefined) return;
  expect(uncertainty).toBeGreaterThanOrEqual(0);
  expect(Math.abs(value - truth)).toBeLessThanOrEqual(uncertainty + 1e-9);
}

describe('windows at the ends of what was seen', () => {
  test('begin before the meter, end in the future, hold it all, or hold nothing', async () => {
    const fake = new FakeNvml(STEADY);
    await withMeter(fake, async (meter) => {
      const opened = mark();
      await sleep(700);
      const now = mark();
      const second = 1_000_000_000n;
      const windows: [bigint, bigint, string | undefined][] = [
        [opened - second, opened + second / 2n, 'history-lost'],
        [opened - 5n * second, opened - 4n * second, 'history-lost'],
        [now - second / 4n, now + 60n * second, 'no-update'],
        [now + 60n * second, now + 61n * second, 'no-update'],
        [opened - 60n * second, now + 60n * second, undefined],
        [now - second / 4n, now - second / 4n, undefined],
      ];
      for (const kind of ['window', 'caused'] as const) {
        for (const [a, b, cause] of windows) {
          const idle = kind === 'caused' ? { beforeMs: 200, afterMs: 200 } : undefined;
          const report = await meter.energy(a, b, { kind, timeoutMs: 0, ...(idle ? { idle } : {}) });
          expectSound(report.board, kind === 'window' ? joules(report) : 0);
          if (kind === 'window' && cause) expect(report.board).toMatchObject({ status: 'suspect', cause });
        }
      }
      const nothing = await meter.energy(now - second / 4n, now - second / 4n);
      expect(nothing.board).toMatchObject({ status: 'below-resolution', value: 0, uncertainty: 0 });
    });
  });

  test('older than the full history are answered from thinned edges, more widely', async () => {
    // Of a counter that moves each 20 ms a history of 1 s keeps 1.4 s in full.
    const fake = new FakeNvml(`${STEADY}counter 20 7 0\n`);
    await withMeter(
      fake,
      async (meter) => {
        const opened = mark();
        await sleep(5000);
        const [a, b] = [opened + 600_000_000n, opened + 2_100_000_000n];
        const old = await meter.energy(a, b);
        const recent = await meter.energy(mark() - 800_000_000n, mark());
        expectSound(old.board, joules(old));
        expectSound(recent.board, joules(recent));
        expect(old.board?.status).not.toBe('suspect');
        expect(uncertainty(old)).toBeGreaterThan(uncertainty(recent));
      },
      { historySeconds: 1 },
    );
  });

  test('with a source that fails for a while hold the truth in a wider interval', async () => {
    const fake = new FakeNvml(`${STEADY}refuse nvmlDeviceGetTotalEnergyConsumption 900 1400\n`);
    await withMeter(fake, async (meter) => {
      await sleep(Math.max(0, 2600 - fake.now()));
      const across = await meter.energy(fake.at(1100), fake.at(2300));
      const after = await meter.energy(fake.at(1700), fake.at(2300));
      expectSound(across.board, joules(across));
      expectSound(after.board, joules(after));
      expect(after.board?.status).not.toBe('suspect');
      expect(uncertainty(across)).toBeGreaterThan(uncertainty(after));
      const thread = meter.statistics().threads.find(({ name }) => name === 'nvml0-energy');
      expect(thread).toMatchObject({ state: 'running' });
    });
  });
});

function uncertainty({ board }: EnergyReport): number {
  return (board as { uncertainty: number }).uncertainty;
}

describe('the memory of a meter', () => {
  test('is reported, fixed at opening, and larger with more history', async () => {
    const bytes: number[] = [];
    for (const historySeconds of [10, 1000]) {
      await withMeter(
        new FakeNvml(STEADY),
        async (meter) => {
          const before = meter.statistics().memoryBytes;
          await sleep(500);
          await meter.energy(mark() - 300_000_000n, mark());
          expect(meter.statistics().memoryBytes).toBe(before);
          bytes.push(before);
        },
        { historySeconds },
      );
    }
    expect(bytes[0]).toBeGreaterThan(0);
    expect(bytes[1]).toBeGreaterThan(bytes[0] as number);
  });
});
