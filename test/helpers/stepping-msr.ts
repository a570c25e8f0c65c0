import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { onTestFinished } from 'vitest';
import type { Mark } from '../../src/index.js';
import { root } from './child.js';
import { STEP_J } from './fake-rapl.js';

const PACKAGE_ENERGY = 0x611;
const LONGEST_MS = 60_000;

/** A package's energy register that steps on the very milliseconds of the clock, and whose steps are on record. */
export class SteppingMsr {
  /** Energy of one step, J. */
  readonly stepJ: number;
  /** Mean power, W. */
  readonly watts: number;

  private constructor(
    countsPerMs: number,
    private readonly begin: BigInt64Array,
    private readonly end: BigInt64Array,
  ) {
    this.stepJ = countsPerMs * STEP_J;
    this.watts = this.stepJ * 1e3;
  }

  /** Steps the register in this file until the test is over. */
  static start(device: string, countsPerMs: number): SteppingMsr {
    const instants = () => new BigInt64Array(new SharedArrayBuffer(8 * LONGEST_MS));
    const stop = new Int32Array(new SharedArrayBuffer(4));
    const [begin, end] = [instants(), instants()];
    const worker = new Worker(join(root, 'test/helpers/stepping-msr.cjs'), {
      workerData: { device, address: PACKAGE_ENERGY, countsPerMs, stop, begin, end },
    });
    onTestFinished(async () => {
      Atomics.store(stop, 0, 1);
      await worker.terminate();
    });
    return new SteppingMsr(countsPerMs, begin, end);
  }

  /** When the value of k steps was written: not before the first instant, nor after the second; 0n: it was left out. */
  written(): { begin: Mark; end: Mark }[] {
    return Array.from(this.begin, (begin, k) => ({ begin, end: this.end[k] as Mark }));
  }
}
