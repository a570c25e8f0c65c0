// Sessions on the devices of a machine with several GPUs, and what the processes and threads beside several-gpus.mjs do.
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { isMainThread, parentPort, workerData } from 'node:worker_threads';
import { resident } from '../../lib/models.mjs';
import { loopOf } from './checks.mjs';

const require = createRequire(import.meta.url);
export const root = join(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '../../..');
const { InferenceSession, Meter, Tensor } = require(join(root, 'dist/index.js'));

const ROLE = 'MJ_ROLE';
const STAND_INS = 'MJ_STAND_INS';

/** Of a rehearsal: where the stand-ins lie; undefined on the real machine. */
export const standIns = () => (process.env[STAND_INS] ? JSON.parse(process.env[STAND_INS]) : undefined);
/** Children and workers take them over. */
export function useStandIns({ roots, onnxruntime, libraryFolders }) {
  process.env[STAND_INS] = JSON.stringify({ roots, onnxruntime, libraryFolders });
}

/** Rows of the load's matrix. */
export const sizeOfLoad = () => (standIns() ? 256 : 4096);
export const feeds = { x: new Tensor('float32', [1], [1]) };
export const openMeter = () => Meter.open({ sources: ['nvml'], roots: standIns()?.roots ?? {} });

/** A session on the device of this ordinal; a product of the load takes one millisecond or so. */
export function openOn(deviceId, more = {}, providerOptions = {}) {
  const { onnxruntime, libraryFolders } = standIns() ?? {};
  return InferenceSession.create(resident(sizeOfLoad(), 2), {
    executionProviders: [{ name: 'cuda', deviceId, ...providerOptions }],
    logId: `on ${deviceId}`,
    ...(onnxruntime === undefined ? {} : { onnxruntime, libraryFolders }),
    ...more,
  });
}

/** What a measurement says of the boards: the session's own, and the energy and idle power of each by its UUID. */
export function boardsOf(session, measurement) {
  const { energy, conditions, latency, start, end, durationMs, repetitions, timeline } = measurement;
  const boards = conditions.devices.map(({ id, uuid, pciBusId, otherWork, busyProcesses }) => {
    const { status, cause, value, uncertainty, gross } = energy.scopes[id] ?? {};
    const idleW = energy.idle[id]?.level?.value;
    const meanW = gross && gross.value / (durationMs / 1e3);
    return { uuid, pciBusId, status, cause, value, uncertainty, meanW, idleW, otherWork, busyProcesses };
  });
  const named = conditions.devices.find(({ id }) => id === energy.board?.id);
  const contradict = boards.some(({ cause }) => cause === 'inconsistent');
  return {
    device: { uuid: session.device.uuid, pciBusId: session.device.pciBusId },
    board: { uuid: named?.uuid, status: energy.board?.status, cause: energy.board?.cause },
    boards,
    otherSessions: conditions.otherSessions,
    repetitions,
    p50Ms: latency.p50,
    startNs: String(start),
    endNs: String(end),
    // Readings that contradict each other are worth looking at.
    ...(contradict ? { timeline: plain(timeline) } : {}),
  };
}

/** As JSON takes it. */
const plain = ({ origin, series }) => ({
  originNs: String(origin),
  series: series.map((one) =>
    Object.fromEntries(Object.entries(one).map(([key, value]) => [key, value.buffer ? [...value] : value])),
  ),
});

/** Of the boards of `boardsOf` the session's own, and the others. */
export const own = ({ device, boards }) => boards.find(({ uuid }) => uuid === device.uuid);
export const others = ({ device, boards }) => boards.filter(({ uuid }) => uuid !== device.uuid);

/** This thread is one that was started beside the script, and does its work. */
export function playsRole() {
  const role = isMainThread ? process.env[ROLE] : workerData.role;
  if (role === 'loop') runWithoutEnd(Number(process.env.MJ_DEVICE));
  else if (role === 'theirs') runTheirs(Number(process.env.MJ_DEVICE));
  else if (role === 'visible') tellVisible(Number(process.env.MJ_DEVICE));
  else if (role === 'worker') measureWhenTold(workerData.device, workerData.options);
  return role !== undefined;
}

// Every way to the device is gone once: each may make a context where none should be.
async function runWithoutEnd(device) {
  const usedAfter = { nothing: memoryUsed() };
  const session = await openOn(device);
  usedAfter.create = memoryUsed();
  const meter = await openMeter();
  for (const dataPath of ['host', 'device', 'pinned']) {
    await session.measure(feeds, { repetitions: 3, idle: false, dataPath, meter });
    usedAfter[dataPath] = memoryUsed();
  }
  await session.run(feeds);
  usedAfter.run = memoryUsed();
  process.send({ uuid: session.device.uuid, usedAfter });
  loopOf(session, feeds);
}

/** onnxruntime-node alone. */
async function runTheirs(device) {
  const usedAfter = { nothing: memoryUsed() };
  const ort = require('onnxruntime-node');
  const session = await ort.InferenceSession.create(resident(sizeOfLoad(), 2), {
    executionProviders: [{ name: 'cuda', deviceId: device }],
    logSeverityLevel: 4,
  });
  usedAfter.create = memoryUsed();
  await session.run({ x: new ort.Tensor('float32', [1], [1]) });
  usedAfter.run = memoryUsed();
  process.send({ usedAfter });
  process.disconnect();
}

/** MiB of each board, by its UUID; none on stand-ins. */
function memoryUsed() {
  if (standIns()) return {};
  const query = ['--query-gpu=uuid,memory.used', '--format=csv,noheader,nounits'];
  const { stdout } = spawnSync('nvidia-smi', query, { encoding: 'utf8' });
  const lines = (stdout ?? '').trim().split('\n');
  return Object.fromEntries(lines.map((line) => line.split(', ')).map(([uuid, mib]) => [uuid, Number(mib)]));
}

/** Opens a session on each of so many visible devices, and measures one after the other when it is told to. */
async function tellVisible(count) {
  try {
    const sessions = [];
    for (let i = 0; i < count; i++) sessions.push(await openOn(i));
    for (const session of sessions) await session.run(feeds);
    process.send('ready');
    await new Promise((resolve) => process.once('message', resolve));
    const meter = await openMeter();
    const told = [];
    for (const session of sessions) {
      const options = { minDurationMs: 700, idle: { beforeMs: 300, afterMs: 300 }, meter };
      told.push(boardsOf(session, await session.measure(feeds, options)));
    }
    await meter.close();
    process.send(told);
  } catch (error) {
    process.send({ code: error.code, message: error.message });
  }
  process.disconnect();
}

async function measureWhenTold(device, options) {
  const session = await openOn(device);
  await session.run(feeds);
  // Without stand-ins the meter that threads share; these cannot be told to it.
  const meter = standIns() && (await openMeter());
  parentPort.postMessage('ready');
  await new Promise((resolve) => parentPort.once('message', resolve));
  const m = await session.measure(feeds, { ...options, ...(meter ? { meter } : {}) });
  parentPort.postMessage(boardsOf(session, m));
  await session.release();
  await meter?.close();
  parentPort.close();
}
