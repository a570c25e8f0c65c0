// A worker that joins the process-wide meter, tells how many reads it has seen, and ends without closing it.
const { parentPort, workerData } = require('node:worker_threads');
const { Meter } = require('../../dist/index.js');

Meter.openShared(workerData).then((meter) => {
  const thread = meter.statistics().threads.find(({ name }) => name === 'nvml0-energy');
  parentPort.postMessage(thread.reads);
});
