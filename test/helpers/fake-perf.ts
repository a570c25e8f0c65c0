import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll } from 'vitest';
import type { MeterOptions, Roots } from '../../src/index.js';

const PMU = 'sys/bus/event_source/devices/power';
// The kernel's software events; the first of them counts the nanoseconds of a CPU.
const SOFTWARE = 1;

/**
 * A tree of /sys and /proc with a perf PMU `power` whose events are the kernel's own cpu-clock: counters of exactly 1 W,
 * through the real system call.
 */
export class FakePerf {
  readonly folder: string;

  constructor(events: readonly string[] = ['energy-pkg']) {
    this.folder = mkdtempSync(join(tmpdir(), 'mj-fake-perf-'));
    this.write('proc/cpuinfo', 'vendor_id\t: GenuineIntel\n');
    this.write('sys/devices/system/cpu/online', '0\n');
    this.write('sys/devices/system/cpu/cpu0/topology/physical_package_id', '0\n');
    this.write(`${PMU}/type`, `${SOFTWARE}\n`);
    this.write(`${PMU}/cpumask`, '0\n');
    for (const event of events) {
      this.write(`${PMU}/events/${event}`, 'event=0x00\n');
      this.write(`${PMU}/events/${event}.unit`, 'Joules\n');
      this.write(`${PMU}/events/${event}.scale`, '1e-9\n');
    }
    afterAll(() => rmSync(this.folder, { recursive: true, force: true }));
  }

  write(path: string, text: string): void {
    const file = join(this.folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  roots(): Roots {
    return {
      sys: join(this.folder, 'sys'),
      proc: join(this.folder, 'proc'),
      msr: join(this.folder, 'dev/cpu'),
    };
  }

  options(more: MeterOptions = {}): MeterOptions {
    return { sources: ['rapl'], raplInterface: 'perf', roots: this.roots(), ...more };
  }
}
