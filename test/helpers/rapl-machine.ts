import {
  chmodSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll } from 'vitest';
import type { Roots } from '../../src/index.js';

export const SKYLAKE_X = {
  vendor_id: 'GenuineIntel',
  'cpu family': 6,
  model: 85,
  'model name': 'Intel(R) Xeon(R) Gold 6130 CPU @ 2.10GHz',
  flags: 'fpu msr',
};

const UNIT_REGISTER = 0x606;
const PACKAGE_REGISTER = 0x611;
/** Energy in 2^-14 J, power in 1/8 W. */
const UNITS = 0xa0e03n;
const STEP_J = 2 ** -14;
const RANGE_UJ = 262_143_328_850;

/** Moves the counters as their hardware does, while the test's own thread waits for another process. */
const MOVE = `
const { openSync, writeSync } = require('node:fs');
const { workerData } = require('node:worker_threads');
const counters = workerData.map((counter) => ({ ...counter, fd: openSync(counter.file, 'r+') }));
const sleeper = new Int32Array(new SharedArrayBuffer(4));
const begin = process.hrtime.bigint();
for (;;) {
  const seconds = Number(process.hrtime.bigint() - begin) / 1e9;
  for (const { fd, watts, register, stepJ } of counters) {
    const steps = Math.floor((watts * seconds) / stepJ);
    if (register === undefined) {
      writeSync(fd, String(Math.floor(1e6 + steps * stepJ * 1e6)).padStart(20, '0') + '\\n', 0);
    } else {
      const value = Buffer.alloc(8);
      value.writeBigUInt64LE(1000n + BigInt(steps));
      writeSync(fd, value, 0, 8, register * 8);
    }
  }
  Atomics.wait(sleeper, 0, 0, 1);
}`;

interface Counter {
  file: string;
  watts: number;
  stepJ: number;
  register?: number;
}

/** Trees that stand for /sys, /proc and /dev/cpu of one machine of one package, with what a test puts into them. */
export class RaplMachine {
  readonly folder = mkdtempSync(join(tmpdir(), 'mj-rapl-'));
  readonly roots: Roots;
  readonly #counters: Counter[] = [];
  #worker: Worker | undefined;

  /** `processor`: lines of cpuinfo. With `self: 'real'` what is told of processes is true, and only the rest made up. */
  constructor(processor: Record<string, string | number> = SKYLAKE_X, { self = 'made-up' } = {}) {
    chmodSync(this.folder, 0o755);
    this.roots = {
      sys: join(this.folder, 'sys'),
      proc: join(this.folder, 'proc'),
      msr: join(this.folder, 'dev/cpu'),
    };
    const lines = Object.entries({ processor: 0, ...processor }).map(([key, value]) => `${key}\t: ${value}`);
    this.write('proc/cpuinfo', lines.join('\n'));
    this.write('sys/devices/system/cpu/online', '0');
    this.write('sys/devices/system/cpu/cpu0/topology/physical_package_id', '0');
    this.write('sys/devices/system/cpu/cpu0/topology/core_id', '0');
    if (self === 'real') {
      for (const name of ['self', 'sys', '1']) symlinkSync(`/proc/${name}`, join(this.folder, 'proc', name));
    } else {
      this.write('proc/sys/kernel/osrelease', '6.8.0-45-generic');
      this.write('proc/sys/kernel/perf_event_paranoid', '2');
      this.write('proc/self/mountinfo', '27 1 254:0 / / rw,relatime - ext4 /dev/vda rw');
      this.write('proc/self/uid_map', '0 0 4294967295');
      this.process({});
    }
    afterAll(async () => {
      await this.#worker?.terminate();
      rmSync(this.folder, { recursive: true, force: true });
    });
  }

  /** `--root` options of the command line. */
  get flags(): string[] {
    return Object.entries(this.roots).flatMap(([name, path]) => ['--root', `${name}=${path}`]);
  }

  write(path: string, text: string): void {
    const file = join(this.folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${text}\n`);
  }

  process({ uid = 1000, effective = 0n, bounding = 0x1ffffffffffn, seccomp = 0 }): void {
    this.write(
      'proc/self/status',
      `Uid:\t${uid}\t${uid}\t${uid}\t${uid}\nCapEff:\t${effective.toString(16)}\nCapBnd:\t${bounding.toString(16)}\nNoNewPrivs:\t0\nSeccomp:\t${seccomp}`,
    );
  }

  /** A PMU 'power' that counts the kernel's own clock (config 0: 1 W a CPU) or nothing at all (config 9). */
  pmu(event: string, config = 0): void {
    const folder = 'sys/bus/event_source/devices/power';
    this.write(`${folder}/type`, '1');
    this.write(`${folder}/cpumask`, '0');
    this.write(`${folder}/events/${event}`, `event=0x0${config}`);
    this.write(`${folder}/events/${event}.unit`, 'Joules');
    this.write(`${folder}/events/${event}.scale`, '1e-9');
  }

  /** The zone of the package, which takes `watts` once the counters move. */
  zone(watts = 0, mode = 0o644): void {
    const place = 'sys/devices/virtual/powercap/intel-rapl/intel-rapl:0';
    this.write(`${place}/name`, 'package-0');
    this.write(`${place}/max_energy_range_uj`, String(RANGE_UJ));
    this.write(`${place}/energy_uj`, '00000000000001000000');
    mkdirSync(join(this.folder, 'sys/class/powercap'), { recursive: true });
    symlinkSync(join(this.folder, place), join(this.folder, 'sys/class/powercap/intel-rapl:0'));
    const file = join(this.folder, place, 'energy_uj');
    chmodSync(file, mode);
    this.#counters.push({ file, watts, stepJ: STEP_J });
  }

  /** The registers of the package. */
  registers(watts = 0): void {
    const file = join(this.folder, 'dev/cpu/0/msr');
    mkdirSync(dirname(file), { recursive: true });
    const fd = openSync(file, 'w');
    ftruncateSync(fd, 8 * 0x1000);
    const value = Buffer.alloc(8);
    for (const [register, content] of [
      [UNIT_REGISTER, UNITS],
      [PACKAGE_REGISTER, 1000n],
    ] as const) {
      value.writeBigUInt64LE(content);
      writeSync(fd, value, 0, 8, register * 8);
    }
    closeSync(fd);
    this.#counters.push({ file, watts, stepJ: STEP_J, register: PACKAGE_REGISTER });
  }

  /** From now on the counters move. */
  async move(): Promise<void> {
    const worker = new Worker(MOVE, { eval: true, workerData: this.#counters });
    this.#worker = worker;
    await new Promise<void>((resolve) => worker.once('online', resolve));
  }
}
