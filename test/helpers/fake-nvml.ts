import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll } from 'vitest';
import { type Mark, type MeterOptions, mark } from '../../src/index.js';
import { root } from './child.js';

const LIBRARY = 'libnvidia-ml.so.1';
const BUILT = join(root, 'build-test/native/test/fakes/nvml', LIBRARY);

export const ONE_BOARD = 'device GPU-1111 00000000:19:00.0 Fake H100\n';
export const TWO_BOARDS = `${ONE_BOARD}base 100\ndevice GPU-2222 00000000:3B:00.0 Second\nbase 300\n`;

/** A copy of the fake driver with a script of its own; times of the script are ms after its origin, which is now. */
export class FakeNvml {
  readonly path: string;
  readonly origin: Mark;

  /** `origin` 'load': of scripts that another process plays, whose start takes its time. */
  constructor(script: string, { origin = 'now' }: { origin?: 'now' | 'load' } = {}) {
    const folder = mkdtempSync(join(tmpdir(), 'mj-fake-nvml-'));
    this.path = join(folder, LIBRARY);
    this.origin = mark();
    copyFileSync(BUILT, this.path);
    writeFileSync(`${this.path}.script`, origin === 'load' ? script : `origin ${this.origin}\n${script}`);
    afterAll(() => rmSync(folder, { recursive: true, force: true }));
  }

  /**
   * Options that open this driver; RAPL is left out, so that `board-0` is the only channel of one board, and so is what was
   * calibrated on this machine.
   */
  options(more: MeterOptions = {}): MeterOptions {
    return { sources: ['nvml'], roots: { nvml: this.path }, calibration: 'built-in', ...more };
  }

  /** The instant `ms` after the origin. */
  at(ms: number): Mark {
    return this.origin + BigInt(Math.round(ms * 1e6));
  }

  /** Ms since the origin. */
  now(): number {
    return Number(mark() - this.origin) / 1e6;
  }
}

export const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
