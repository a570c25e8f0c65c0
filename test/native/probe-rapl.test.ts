import { describe, expect, test } from 'vitest';
import { type CounterProbe, probe } from '../../src/index.js';
import { STEP_J } from '../helpers/fake-rapl.js';
import { GUEST, RaplMachine } from '../helpers/rapl-machine.js';

const NO_NVML = '/nonexistent.so';

async function probeOf(machine: RaplMachine, timing = true) {
  const { roots } = machine.options();
  return probe({ roots: { ...roots, nvml: NO_NVML }, timing });
}

function counter(counters: readonly CounterProbe[], method: string): CounterProbe {
  const found = counters.find((one) => one.method === method);
  if (!found) throw new Error(`${method} is not among ${counters.map((one) => one.method)}`);
  return found;
}

describe("probe of the processor's counters", () => {
  test('lists those of every interface that opens, with step, period and price', async () => {
    const machine = await new RaplMachine().powercap(60).registers(60).play();
    const { counters, rapl } = await probeOf(machine);
    expect(rapl.chosen).toBe('msr');
    expect(rapl.interfaces).toMatchObject([
      { interface: 'perf', usable: false, cause: 'module-not-loaded' },
      { interface: 'msr', usable: true, cause: null },
      { interface: 'powercap', usable: true, cause: null },
    ]);
    for (const method of ['msr:0x611', 'powercap:package-0']) {
      const found = counter(counters, method);
      if (!found.readable) throw new Error(found.reason);
      expect(found).toMatchObject({ id: 'package-0', scope: 'cpu-package', source: 'rapl', unit: 'J' });
      expect(found.resolution).toBeCloseTo(STEP_J, 7);
      // The player moves it each millisecond, later where the machine keeps it waiting.
      expect(found.updatePeriodMs).toBeGreaterThan(0.5);
      expect(found.callUs?.calls).toBeGreaterThan(1);
      expect(found.callUs?.p99).toBeGreaterThanOrEqual(found.callUs?.p50 as number);
      expect(found.disturbs).toBe('not tested');
    }
  });

  test('without timing looks at nothing but what is there', async () => {
    const machine = await new RaplMachine().powercap(60).play();
    const { counters } = await probeOf(machine, false);
    expect(counter(counters, 'powercap:package-0')).toMatchObject({
      readable: true,
      callUs: null,
      updatePeriodMs: null,
    });
  });

  test('lists what is left out with the reason, beside what is read', async () => {
    const machine = new RaplMachine()
      .powercap(60)
      .zone('intel-rapl:0:0', 'core')
      .zone('intel-rapl:0:1', 'dram', 10);
    const { counters } = await probeOf(await machine.play(), false);
    const of = counters.filter(({ source }) => source === 'rapl');
    // The unit of Skylake-X's memory is another than the kernel's zone here says.
    expect(of.map(({ id, readable }) => [id, readable])).toEqual([
      ['package-0', true],
      ['core-0', false],
      ['dram-0', false],
    ]);
    expect(of[1]).toMatchObject({ code: 'not-supported', reason: expect.stringContaining('has not moved') });
  });

  test('where none can be read, one counter says what can be done about it', async () => {
    const { counters, rapl } = await probeOf(new RaplMachine());
    expect(rapl.chosen).toBe(null);
    expect(counters.filter(({ source }) => source === 'rapl')).toEqual([
      {
        id: 'package-0',
        scope: 'cpu-package',
        source: 'rapl',
        method: 'rapl',
        readable: false,
        code: 'not-supported',
        reason: expect.stringContaining('rapl is not loaded'),
        remedy: 'sudo modprobe rapl',
      },
    ]);
  });

  test('the facts behind are null where the kernel does not tell', async () => {
    const machine = new RaplMachine(GUEST);
    machine.write('proc/self/status', '');
    machine.write('proc/sys/kernel/osrelease', 'strange');
    const { processor, rapl } = await probeOf(machine);
    expect(processor.hypervisor).toBe('an unnamed hypervisor');
    expect(rapl.system).toEqual({
      process: {
        uid: null,
        capabilities: null,
        boundingCapabilities: null,
        noNewPrivileges: null,
        seccompFilter: null,
        userNamespace: false,
        program: null,
        programCapabilities: null,
      },
      kernel: {
        release: null,
        perfEventParanoid: 2,
        lockdown: null,
        modules: {
          perf: { name: 'rapl', state: null },
          msr: { name: 'msr', state: null },
          powercap: { name: 'intel_rapl_msr', state: null },
        },
      },
      container: 'none',
    });
  });

  test('refuses options that it does not know', async () => {
    await expect(probe({ crosscheck: true } as never)).rejects.toMatchObject({ code: 'invalid-argument' });
    await expect(probe({ crossCheck: 1 } as never)).rejects.toMatchObject({ code: 'invalid-argument' });
    await expect(probe({ roots: { powercup: '/' } } as never)).rejects.toMatchObject({
      code: 'invalid-argument',
    });
  });
});
