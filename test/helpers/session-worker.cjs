// A worker with a session: it runs without end, or has the device to itself for ever. It says when it has begun.
const { parentPort, workerData } = require('node:worker_threads');
const { InferenceSession, Meter, Tensor } = require('../../dist/index.js');

const feeds = { x: new Tensor('float32', [1, 2], [2]) };
const tasks = {
  async run(session) {
    await session.run(feeds);
    parentPort.postMessage('begun');
    for (;;) {
      await session.run(feeds);
      await new Promise(setImmediate);
    }
  },
  async hold(session) {
    const meter = await Meter.open(workerData.meter);
    const onProgress = ({ phase }) => {
      if (phase === 'running') parentPort.postMessage('begun');
    };
    await session.measure(feeds, { exclusive: true, minDurationMs: 600_000, meter, onProgress });
  },
};

InferenceSession.create(workerData.model, { logId: 'of a worker' }).then(tasks[workerData.task]);
