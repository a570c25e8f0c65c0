import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  truncateSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll } from 'vitest';
import type { Mark, MeterOptions } from '../../src/index.js';
import { root } from './child.js';

const UNIT_REGISTER = 0x606;
const PACKAGE_ENERGY = 0x611;
const UNITS = 0xa0e03n; // energy in 2^-14 J
const UNIT_J = 2 ** -14;
const BYTES_A_REGISTER = 8;
const LONGEST_MS = 60_000;

/**
 * One package (Skylake-X) whose registers lie in a sparse file, stepped each millisecond by a worker. `start` is the
 * register's first value; 2^32 - 1 is its last.
 */
export class FakeMsr {
  private readonly folder: string;
  private readonly worker: Worker;
  private readonly stop = new Int32Array(new SharedArrayBuffer(4));
  private readonly begin = new BigInt64Array(new SharedArrayBuffer(8 * LONGEST_MS));
  private readonly end = new BigInt64Array(new SharedArrayBuffer(8 * LONGEST_MS));
  /** Energy of one step, J. */
  readonly stepJ: number;
  /** Mean power, W. */
  readonly watts: number;

  constructor({ countsPerMs = 1000, start = 1_000_000 } = {}) {
    this.folder = mkdtempSync(join(tmpdir(), 'mj-fake-msr-'));
    this.stepJ = countsPerMs * UNIT_J;
    this.watts = this.stepJ * 1e3;
    this.write('proc/cpuinfo', 'vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\n');
    this.write('sys/devices/system/cpu/online', '0\n');
    this.write('sys/devices/system/cpu/cpu0/topology/physical_package_id', '0\n');
    const device = join(this.folder, 'dev/cpu/0/msr');
    this.write('dev/cpu/0/msr', '');
    truncateSync(device, BYTES_A_REGISTER * 0x1000);
    const fd = openSync(device, 'r+');
    for (const [register, value] of [
      [UNIT_REGISTER, UNITS],
      [PACKAGE_ENERGY, BigInt(start)],
    ] as const) {
      writeSync(fd, BigUint64Array.of(value), 0, BYTES_A_REGISTER, register * BYTES_A_REGISTER);
    }
    closeSync(fd);
    const { stop, begin, end } = this;
    const workerData = { device, address: PACKAGE_ENERGY, start, countsPerMs, stop, begin, end };
    this.worker = new Worker(join(root, 'test/helpers/stepping-msr.cjs'), { workerData });
    afterAll(() => this.remove());
  }

  options(more: MeterOptions = {}): MeterOptions {
    const [sys, proc, msr] = ['sys', 'proc', 'dev/cpu'].map((path) => join(this.folder, path)) as [
      string,
      string,
      string,
    ];
    return { sources: ['rapl'], raplInterface: 'msr', roots: { sys, proc, msr }, ...more };
  }

  /** When the value of k steps was written: not before the first instant, nor after the second; 0n: it was left out. */
  written(): { begin: Mark; end: Mark }[] {
    return Array.from(this.begin, (begin, k) => ({ begin, end: this.end[k] as Mark }));
  }

  private write(path: string, text: string): void {
    const file = join(this.folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  private async remove(): Promise<void> {
    Atomics.store(this.stop, 0, 1);
    Atomics.notify(this.stop, 0);
    await this.worker.terminate();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
