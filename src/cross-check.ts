import { Worker } from 'node:worker_threads';
import { mark } from './mark.js';
import { Meter } from './meter.js';
import { quantity } from './quantity.js';
import type { EnergyReport, MeasuredEnergy, Quantity, SuspectEnergy } from './types/energy.js';
import type { RaplInterface, Roots } from './types/meter.js';
import type { CrossCheck, CrossCheckedScope, RaplProbe } from './types/probe.js';

const DURATION_MS = 3000;
/** Half of the time busy, half asleep, so that what is compared is no constant. */
const LOAD = `
const { workerData: { durationMs, halfMs } } = require('node:worker_threads');
const sleeper = new Int32Array(new SharedArrayBuffer(4));
const end = performance.now() + durationMs;
while (performance.now() < end) {
  const busyUntil = performance.now() + halfMs;
  while (performance.now() < busyUntil);
  Atomics.wait(sleeper, 0, 0, halfMs);
}`;
const HALF_MS = 130;

interface Opened {
  interface: RaplInterface;
  meter: Meter;
}

/** Measures one window through every interface that can be read, and compares what they say of each scope. */
export async function crossCheck(rapl: RaplProbe, roots: Roots | undefined): Promise<CrossCheck> {
  const readable = rapl.interfaces.filter(({ usable }) => usable).map((one) => one.interface);
  if (readable.length < 2) {
    const which =
      readable.length === 0 ? 'none of them can be read here' : `only ${readable[0]} can be read here`;
    return { possible: false, reason: `A cross-check compares two interfaces, and ${which}.` };
  }
  const opened = await openAll(readable, roots);
  try {
    const start = mark();
    await load(DURATION_MS);
    const end = mark();
    const reports = await Promise.all(opened.map(({ meter }) => meter.energy(start, end)));
    const scopes = pairs(opened).flatMap(([a, b]) =>
      compareAll(
        [(opened[a] as Opened).interface, (opened[b] as Opened).interface],
        [reports[a] as EnergyReport, reports[b] as EnergyReport],
      ),
    );
    return { possible: true, durationMs: Number(end - start) / 1e6, scopes };
  } finally {
    await Promise.all(opened.map(({ meter }) => meter.close()));
  }
}

async function openAll(interfaces: readonly RaplInterface[], roots: Roots | undefined): Promise<Opened[]> {
  return Promise.all(
    interfaces.map(async (one) => ({
      interface: one,
      meter: await Meter.open({ sources: ['rapl'], raplInterface: one, ...(roots ? { roots } : {}) }),
    })),
  );
}

function pairs(list: readonly unknown[]): [number, number][] {
  return list.flatMap((_, a) => list.slice(a + 1).map((__, i): [number, number] => [a, a + 1 + i]));
}

function load(durationMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(LOAD, { eval: true, workerData: { durationMs, halfMs: HALF_MS } });
    worker.once('error', reject);
    worker.once('exit', () => resolve());
  });
}

/** Every scope that both have. */
function compareAll(
  between: [RaplInterface, RaplInterface],
  [first, second]: [EnergyReport, EnergyReport],
): CrossCheckedScope[] {
  return Object.values(first.scopes).flatMap((a) => {
    const b = second.scopes[a.id];
    return b && a.status !== 'unsupported' && b.status !== 'unsupported' ? [compare(between, a, b)] : [];
  });
}

function compare(
  between: [RaplInterface, RaplInterface],
  a: MeasuredEnergy | SuspectEnergy,
  b: MeasuredEnergy | SuspectEnergy,
): CrossCheckedScope {
  const common = { id: a.id, scope: a.scope, between };
  if (a.status === 'suspect') return { ...common, agrees: null, reason: `${between[0]}: ${a.reason}` };
  if (b.status === 'suspect') return { ...common, agrees: null, reason: `${between[1]}: ${b.reason}` };
  // One sensor read twice: its gain cancels, the readings err independently.
  const value = a.value - b.value;
  const uncertainty = Math.hypot(a.uncertainty, b.uncertainty);
  const normalisedError = Math.abs(value) / uncertainty;
  return {
    ...common,
    energies: [energyQuantity(a), energyQuantity(b)],
    difference: energyQuantity({ value, uncertainty }),
    normalisedError,
    agrees: normalisedError <= 1,
  };
}

function energyQuantity({ value, uncertainty }: { value: number; uncertainty: number }): Quantity {
  return quantity({ value, uncertainty, lo: Number.NaN, hi: Number.NaN }, 'J');
}
