import {
  chmodSync,
  closeSync,
  ftruncateSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { onTestFinished } from 'vitest';
import { type Mark, type MeterOptions, mark } from '../../src/index.js';
import { sleep } from './fake-nvml.js';

/** What /proc/cpuinfo says of some processors. */
export const SANDY_BRIDGE_X = 'vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 45\n';
export const SKYLAKE_X = 'vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 85\n';
export const KABY_LAKE = 'vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 158\n';
export const ZEN_4 = 'vendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 17\n';

/** 1/8 W, 2^-14 J: what register 0x606 of most Intel processors says. */
export const UNITS = 0xa0e03n;
export const STEP_J = 2 ** -14;

/** nJ a step, as the kernel rounds 2^-14 J. */
const STEP_NJ = 61_035n;
const RANGE = 2n ** 32n;
// Of every address that is used: a register has 8 bytes in a file, and those not written read 0.
const MSR_FILE_BYTES = 8 * 0xc0020000;

// Longer than this a package in use does not stand still: 4 steps at 10 mW take 24 ms.
const STALL_NS = 20e6;

/** A counter in a file, and the power that moves it. */
interface Counter {
  file: string;
  position: number;
  /** Digits of energy_uj, or the 8 bytes of a register. */
  text: boolean;
  start: bigint;
  watts: number;
}

// Plays the kernel: each millisecond every counter takes the value that its power and the time make of it.
const PLAYER = `
const { workerData, parentPort } = require('node:worker_threads');
const { openSync, writeSync } = require('node:fs');
const { setPriority } = require('node:os');
const { counters, control, worst, origin, stepJ, stepNJ } = workerData;
const files = counters.map(({ file }) => openSync(file, 'r+'));
const resets = counters.map(() => origin);
const gone = counters.map(() => false);
const buffer = Buffer.alloc(21);
// Of this thread: a kernel is not kept waiting by other processes. Only root may ask for it.
try { setPriority(0, -20); } catch {}
let last = 0n;
const play = () => {
  const now = process.hrtime.bigint();
  counters.forEach(({ position, text, start, watts }, i) => {
    const command = Atomics.exchange(control, i + 1, 0);
    if (command === 1) resets[i] = now;
    if (command === 2) gone[i] = true;
    if (gone[i]) return;
    const first = resets[i] === origin ? start : 0n;
    const steps = (first + BigInt(Math.floor((watts * Number(now - resets[i])) / 1e9 / stepJ))) % 2n ** 32n;
    if (text) buffer.write(String((steps * stepNJ) / 1000n).padStart(20, '0') + '\\n');
    else buffer.writeBigUInt64LE(steps);
    writeSync(files[i], buffer, 0, text ? 21 : 8, position);
  });
  if (last > 0n && now - last > worst[0]) worst[0] = now - last;
  last = now;
};
play();
parentPort.postMessage('playing');
while (Atomics.load(control, 0) === 0) {
  Atomics.wait(control, 0, 0, 1);
  play();
}
`;

/** Trees of /sys, /proc and /dev/cpu with RAPL in them, whose counters move at known powers once `play` was called. */
export class FakeRapl {
  readonly root = mkdtempSync(join(tmpdir(), 'mj-fake-rapl-'));
  private readonly counters: Counter[] = [];
  private control = new Int32Array(new SharedArrayBuffer(4));
  private readonly worst = new BigInt64Array(new SharedArrayBuffer(8));
  private player: Worker | undefined;

  /** `packages`: the CPUs of each. */
  constructor(cpuinfo: string, packages: readonly (readonly number[])[] = [[0]]) {
    this.write('proc/cpuinfo', cpuinfo);
    packages.forEach((cpus, index) => {
      for (const cpu of cpus) {
        const topology = `sys/devices/system/cpu/cpu${cpu}/topology`;
        this.write(`${topology}/physical_package_id`, `${index}\n`);
        this.write(`${topology}/core_id`, `${cpu}\n`);
      }
    });
    this.write('sys/devices/system/cpu/online', `${packages.flat().join(',')}\n`);
    mkdirSync(join(this.root, 'sys/class/powercap'), { recursive: true });
    chmodSync(this.root, 0o755);
    onTestFinished(async () => {
      await this.stop();
      rmSync(this.root, { recursive: true, force: true });
    });
  }

  /** A zone 'intel-rapl:0:1' in its real place and as a link; without watts its counter never moves. */
  zone(id: string, name: string, watts?: number, start = 1000n): this {
    const parts = id.split(':');
    const folders = parts.map((_, i) => parts.slice(0, i + 1).join(':'));
    const folder = join('sys/devices/virtual/powercap', ...folders);
    this.write(`${folder}/name`, `${name}\n`);
    this.write(`${folder}/max_energy_range_uj`, `${(STEP_NJ * (RANGE - 1n)) / 1000n}\n`);
    this.write(`${folder}/constraint_0_power_limit_uw`, '200000000\n');
    const file = this.write(`${folder}/energy_uj`, `${(start * STEP_NJ) / 1000n}\n`);
    symlinkSync(join('../..', folder.slice('sys/'.length)), join(this.root, 'sys/class/powercap', id));
    if (watts !== undefined) this.counters.push({ file, position: 0, text: true, start, watts });
    return this;
  }

  /** A register of one CPU; with watts, an energy register that counts in 2^-14 J. */
  msr(cpu: number, address: number, value: bigint, watts = 0): this {
    const file = join(this.root, `dev/cpu/${cpu}/msr`);
    mkdirSync(dirname(file), { recursive: true });
    const descriptor = openSync(file, 'a+');
    ftruncateSync(descriptor, MSR_FILE_BYTES);
    closeSync(descriptor);
    this.counters.push({ file, position: 8 * address, text: false, start: value, watts });
    return this;
  }

  /** Resolves once every counter stands at its start and moves. */
  async play(): Promise<this> {
    this.control = new Int32Array(new SharedArrayBuffer(4 * (this.counters.length + 1)));
    const { counters, control, worst } = this;
    const workerData = { counters, control, worst, origin: mark(), stepJ: STEP_J, stepNJ: STEP_NJ };
    this.player = new Worker(PLAYER, { eval: true, workerData });
    await new Promise((resolve, reject) => {
      this.player?.once('message', resolve);
      this.player?.once('error', reject);
    });
    return this;
  }

  async stop(): Promise<void> {
    Atomics.store(this.control, 0, 1);
    Atomics.notify(this.control, 0);
    const { player } = this;
    this.player = undefined;
    if (player) await new Promise((resolve) => player.once('exit', resolve));
  }

  /** The i-th moving counter starts from 0 again. */
  reset(i: number): void {
    Atomics.store(this.control, i + 1, 1);
  }

  /** The CPU's device gives nothing any more. */
  async offline(cpu: number): Promise<void> {
    const device = this.path(`dev/cpu/${cpu}/msr`);
    this.counters.forEach(({ file }, i) => {
      if (file === device) Atomics.store(this.control, i + 1, 2);
    });
    while (this.control.some((command) => command !== 0)) await sleep(1);
    truncateSync(device, 0);
  }

  /** The machine kept the player waiting, so that its counters stood still as no register does, and then jumped. */
  get stalled(): boolean {
    return Number(this.worst[0]) > STALL_NS;
  }

  /** J that a counter of this power has at most lagged behind, beyond the millisecond that real ones take. */
  lag(watts: number): number {
    return (watts * Math.max(0, Number(this.worst[0]) - 2e6)) / 1e9;
  }

  path(relative: string): string {
    return join(this.root, relative);
  }

  options(more: MeterOptions = {}): MeterOptions {
    const { sys, proc, msr } = { sys: this.path('sys'), proc: this.path('proc'), msr: this.path('dev/cpu') };
    return { sources: ['rapl'], roots: { sys, proc, msr }, ...more };
  }

  write(relative: string, text: string): string {
    const file = this.path(relative);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
    return file;
  }
}

/** J between two instants. */
export const joules = (watts: number, a: Mark, b: Mark): number => (watts * Number(b - a)) / 1e9;
