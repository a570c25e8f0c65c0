import { rmSync, truncateSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type EnergyReport, type Meter, mark } from '../../src/index.js';
import { expectToHold } from '../helpers/expect-to-hold.js';
import { sleep } from '../helpers/fake-nvml.js';
import { FakeRapl, KABY_LAKE, SANDY_BRIDGE_X, SKYLAKE_X, UNITS, ZEN_4 } from '../helpers/fake-rapl.js';
import { withMeter } from '../helpers/with-meter.js';

/** The energy of the next `ms`. */
async function measured(meter: Meter, ms: number): Promise<EnergyReport> {
  const a = mark();
  await sleep(ms);
  return meter.energy(a, mark());
}

/** 'package-0 powercap:package-0', of the channels that are read. */
const readable = (meter: Meter) =>
  meter.channels.filter(({ unsupported }) => !unsupported).map(({ id, method }) => `${id} ${method}`);

const leftOut = (meter: Meter) =>
  Object.fromEntries(
    meter.channels.flatMap(({ id, unsupported }) => (unsupported ? [[id, unsupported] as const] : [])),
  );

describe('energy of the processor', () => {
  test('of two sockets with memory, through powercap: each domain its own, and a sum that lists them', async () => {
    const fake = await new FakeRapl(SANDY_BRIDGE_X, [
      [0, 1],
      [2, 3],
    ])
      .zone('intel-rapl:0', 'package-0', 80)
      .zone('intel-rapl:0:0', 'core', 50)
      .zone('intel-rapl:0:1', 'dram', 6)
      .zone('intel-rapl:1', 'package-1', 35, 9_000_000n)
      .zone('intel-rapl-mmio:0', 'package-0', 80)
      .play();
    await withMeter(fake, async (meter) => {
      expect(readable(meter)).toEqual([
        'package-0 powercap:package-0',
        'core-0 powercap:package-0/core',
        'dram-0 powercap:package-0/dram',
        'package-1 powercap:package-1',
      ]);
      const report = await measured(meter, 500);
      expectToHold(report.scopes['core-0'], 50, report, fake);
      expectToHold(report.scopes['dram-0'], 6, report, fake);
      expectToHold(report.scopes['package-0'], 80, report, fake);
      expectToHold(report.scopes['package-1'], 35, report, fake);
      expectToHold(report.total, 121, report, fake);
      // Cores lie inside their package.
      expect(report.total?.of).toEqual(['package-0', 'dram-0', 'package-1']);
      expect(meter.statistics().threads.map(({ name }) => name)).toEqual(['rapl0', 'rapl1']);
    });
  });

  test('across the wrap of a 32-bit register', async () => {
    const fake = await new FakeRapl(SKYLAKE_X)
      .msr(0, 0x606, UNITS)
      .msr(0, 0x611, 2n ** 32n - 600_000n, 100)
      .play();
    await withMeter(fake, async (meter) => {
      expect(readable(meter)).toEqual(['package-0 msr:0x611']);
      // 37 J to the wrap.
      const report = await measured(meter, 800);
      expectToHold(report.scopes['package-0'], 100, report, fake);
    });
  });

  test('registers come first, and powercap is read where it is asked for', async () => {
    const fake = await new FakeRapl(KABY_LAKE)
      .zone('intel-rapl:0', 'package-0', 20)
      .msr(0, 0x606, UNITS)
      .msr(0, 0x611, 5n, 20)
      .play();
    await withMeter(fake, async (meter) => expect(readable(meter)).toEqual(['package-0 msr:0x611']));
    await withMeter(
      fake,
      async (meter) => {
        expect(readable(meter)).toEqual(['package-0 powercap:package-0']);
        const report = await measured(meter, 300);
        expectToHold(report.scopes['package-0'], 20, report, fake);
      },
      { raplInterface: 'powercap' },
    );
  });

  test('a counter that is reset in a window is suspect, and the meter goes on', async () => {
    const fake = await new FakeRapl(SKYLAKE_X).zone('intel-rapl:0', 'package-0', 60, 4_000_000n).play();
    await withMeter(fake, async (meter) => {
      const a = mark();
      await sleep(150);
      fake.reset(0);
      await sleep(150);
      const { scopes } = await meter.energy(a, mark());
      expect(scopes['package-0']).toMatchObject({ status: 'suspect', cause: 'counter-reset' });
      const after = await measured(meter, 300);
      expectToHold(after.scopes['package-0'], 60, after, fake);
    });
  });

  test('a counter that goes away is suspect: device-lost', async () => {
    const fake = await new FakeRapl(SKYLAKE_X).zone('intel-rapl:0', 'package-0', 60).play();
    await withMeter(fake, async (meter) => {
      const a = mark();
      await sleep(100);
      await fake.stop();
      truncateSync(fake.path('sys/devices/virtual/powercap/intel-rapl/intel-rapl:0/energy_uj'), 0);
      await sleep(500);
      const { scopes } = await meter.energy(a, mark());
      expect(scopes['package-0']).toMatchObject({ status: 'suspect', cause: 'device-lost' });
      expect(meter.statistics().threads[0]?.state).toBe('lost');
    });
  });

  test('another CPU of the package takes over the registers of one that goes offline', async () => {
    const fake = await new FakeRapl(SKYLAKE_X, [[0, 1]])
      .msr(0, 0x606, UNITS)
      .msr(1, 0x606, UNITS)
      .msr(1, 0x611, 5n, 40)
      .msr(0, 0x611, 5n, 40)
      .play();
    await withMeter(fake, async (meter) => {
      const a = mark();
      await sleep(200);
      await fake.offline(0);
      await sleep(200);
      const report = await meter.energy(a, mark());
      expectToHold(report.scopes['package-0'], 40, report, fake);
    });
  });
});

describe('what cannot be read says why', () => {
  test('a domain that never moves, and a zone that counts one core only', async () => {
    const client = await new FakeRapl(KABY_LAKE)
      .zone('intel-rapl:0', 'package-0', 20)
      .zone('intel-rapl:0:1', 'uncore')
      .play();
    await withMeter(client, async (meter) => {
      expect(readable(meter)).toEqual(['package-0 powercap:package-0']);
      expect(leftOut(meter)).toEqual({
        'uncore-0': {
          code: 'not-supported',
          reason: expect.stringMatching(/^It exists and has not moved in \d+ ms\.$/),
          remedy: expect.any(String),
        },
      });
      const { scopes, total } = await measured(meter, 100);
      expect(scopes['uncore-0']).toMatchObject({ status: 'unsupported', code: 'not-supported' });
      expect(total?.of).toEqual(['package-0']);
    });
    await client.stop();
    const amd = await new FakeRapl(ZEN_4)
      .zone('intel-rapl:0', 'package-0', 20)
      .zone('intel-rapl:0:0', 'core', 1)
      .play();
    await withMeter(amd, async (meter) => {
      expect(leftOut(meter)['core-0']?.reason).toMatch(/a single core/);
    });
  });

  test('a machine without counters: one channel, its reason and never a 0', async () => {
    await withMeter(new FakeRapl(SKYLAKE_X), async (meter) => {
      expect(readable(meter)).toEqual([]);
      expect(Object.keys(leftOut(meter))).toEqual(['package-0']);
      const { scopes, total } = await measured(meter, 10);
      expect(scopes['package-0']).toMatchObject({
        status: 'unsupported',
        reason: expect.stringMatching(/\.$/),
      });
      expect(scopes['package-0']).not.toHaveProperty('value');
      expect(total).toBeUndefined();
    });
  });

  test("a container's mask over the powercap tree", async () => {
    const fake = new FakeRapl(SKYLAKE_X).zone('intel-rapl:0', 'package-0');
    rmSync(fake.path('sys/devices/virtual/powercap/intel-rapl'), { recursive: true });
    await withMeter(
      fake,
      async (meter) => {
        expect(leftOut(meter)['package-0']).toMatchObject({
          code: 'permission-denied',
          reason: expect.stringMatching(/hides the powercap tree/),
          remedy: expect.any(String),
        });
      },
      { raplInterface: 'powercap' },
    );
  });
});
