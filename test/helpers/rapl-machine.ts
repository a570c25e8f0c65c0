import { chmodSync, symlinkSync } from 'node:fs';
import { SKYLAKE_X as CPUINFO, FakeRapl, UNITS } from './fake-rapl.js';

export const NAME = 'Intel(R) Xeon(R) Gold 6130 CPU @ 2.10GHz';
export const SKYLAKE_X = `${CPUINFO}model name\t: ${NAME}\nflags\t\t: fpu msr\n`;
export const GUEST = `${CPUINFO}model name\t: ${NAME}\nflags\t\t: fpu hypervisor\n`;

const UNIT_REGISTER = 0x606;
const PACKAGE_REGISTER = 0x611;

/** A machine of one package of which every fact that the doctor asks for can be set. */
export class RaplMachine extends FakeRapl {
  /** With `self: 'real'` what is told of processes and of the kernel is true, and only the rest is made up. */
  constructor(cpuinfo = SKYLAKE_X, { self = 'made-up' } = {}) {
    super(cpuinfo);
    if (self === 'real') {
      for (const name of ['self', 'sys', '1']) symlinkSync(`/proc/${name}`, this.path(`proc/${name}`));
      return;
    }
    this.write('proc/sys/kernel/osrelease', '6.8.0-45-generic');
    this.write('proc/sys/kernel/perf_event_paranoid', '2');
    this.write('proc/self/mountinfo', '27 1 254:0 / / rw,relatime - ext4 /dev/vda rw');
    this.write('proc/self/uid_map', '0 0 4294967295');
    this.write(
      'proc/self/status',
      'Uid:\t1000\t1000\t1000\t1000\nCapEff:\t0\nCapBnd:\t1ffffffffff\nSeccomp:\t0',
    );
  }

  /** `--root` options of the command line. */
  get flags(): string[] {
    const { roots = {} } = this.options();
    return Object.entries(roots).flatMap(([name, path]) => ['--root', `${name}=${path}`]);
  }

  /** A PMU 'power' that counts the kernel's own clock (config 0: 1 W a CPU) or nothing at all (config 9). */
  pmu(event: string, config = 0): this {
    const folder = 'sys/bus/event_source/devices/power';
    this.write(`${folder}/type`, '1');
    this.write(`${folder}/cpumask`, '0');
    this.write(`${folder}/events/${event}`, `event=0x0${config}`);
    this.write(`${folder}/events/${event}.unit`, 'Joules');
    this.write(`${folder}/events/${event}.scale`, '1e-9');
    return this;
  }

  /** The package's zone of powercap. */
  powercap(watts?: number, mode = 0o644): this {
    this.zone('intel-rapl:0', 'package-0', watts);
    chmodSync(this.path('sys/devices/virtual/powercap/intel-rapl/intel-rapl:0/energy_uj'), mode);
    return this;
  }

  /** The package's registers. */
  registers(watts: number): this {
    return this.msr(0, UNIT_REGISTER, UNITS).msr(0, PACKAGE_REGISTER, 1000n, watts);
  }
}
