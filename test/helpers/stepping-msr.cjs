// Moves an energy register in a file that stands in for /dev/cpu/N/msr: once each millisecond of the clock, as hardware
// does, and notes between which instants each value was written.
const { openSync, writeSync } = require('node:fs');
const { workerData } = require('node:worker_threads');

const { device, address, countsPerMs, stop, begin, end } = workerData;
const ENTRY = 8;
const NS_PER_MS = 1_000_000n;

const fd = openSync(device, 'r+');
const entry = Buffer.alloc(ENTRY);
const clock = process.hrtime.bigint;
const first = clock() / NS_PER_MS;
for (let last = 0; Atomics.load(stop, 0) === 0; ) {
  const before = clock();
  const k = Number(before / NS_PER_MS - first);
  if (k > last && k < begin.length) {
    entry.writeBigUInt64LE(BigInt(k) * BigInt(countsPerMs));
    writeSync(fd, entry, 0, ENTRY, address * ENTRY);
    begin[k] = before;
    end[k] = clock();
    last = k;
  }
  Atomics.wait(stop, 0, 0, 0.1);
}
