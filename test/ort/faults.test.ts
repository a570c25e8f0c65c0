// A device that is slow within one node, full, or lost: on the fake GPU runtime with scripted faults, each in a process
// of its own (native/test/fakes/ort/faults.h).
import { join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { root, run as runProcess } from '../helpers/child.js';
import { GpuMachine } from '../helpers/fake-gpu.js';
import { FakeNvml, ONE_BOARD } from '../helpers/fake-nvml.js';
import { unary } from '../helpers/onnx-model.js';

vi.setConfig({ testTimeout: 120_000 });

const NEG = Buffer.from(unary('Neg', 'float32', ['n'])).toString('base64');
const FIXED = Buffer.from(unary('Neg', 'float32', [2])).toString('base64');

let machine: GpuMachine;
let folders: string[];
beforeAll(() => {
  machine = new GpuMachine();
  folders = (['cuda', 'cudnn', 'tensorrt'] as const).map((product) => machine.put(product, `opt/${product}`));
});

/** What each program has at hand. */
const PRELUDE = () => `
  const model = Buffer.from('${NEG}', 'base64');
  const fixed = Buffer.from('${FIXED}', 'base64');
  const onnxruntime = ${JSON.stringify(machine.runtime)};
  const options = { executionProviders: ['cuda'], libraryFolders: ${JSON.stringify(folders)}, onnxruntime };
  const onDevice = (more = {}, bytes = model) => m.InferenceSession.create(bytes, { ...options, ...more });
  const onCpu = () => m.InferenceSession.create(model, { onnxruntime });
  const x = (...values) => ({ x: new m.Tensor('float32', values, [values.length]) });
  const first = (outputs) => outputs.y.data[0];
  const told = (promise) => promise.then(() => 'fulfilled', (error) =>
    ({ code: error.code, message: error.message, remedy: error.remedy, is: error instanceof m.MicrojouleError }));
  const print = (value) => console.log(JSON.stringify(value));
`;

/** Runs an async program that prints one value. */
function play<T>(faults: string, program: string, env: NodeJS.ProcessEnv = {}): T {
  const whole = `${PRELUDE()}(async () => {${program}})().catch((e) => { console.error(e); process.exit(9); });`;
  return machine.run<T>(whole, { MJ_FAKE_FAULTS: faults, ...env });
}

interface Told {
  code: string;
  message: string;
  remedy: string;
  is: boolean;
}

const GIB_4 = 4 * 2 ** 30;
const FULL = `Non-zero status code returned while running Conv node. Name:'c' Status Message: bfc_arena.cc:359 void* AllocateRawInternal Failed to allocate memory for requested buffer of size ${GIB_4}`;
const LIMIT =
  'bfc_arena.cc:143 Extend Available memory of 1048576 is smaller than requested bytes of 2097152';

describe('an abort of what cannot be stopped', () => {
  test('rejects at once; the result is dropped, later runs wait, and the session works on', () => {
    const seen = play<{ order: string[]; value: number }>(
      'run@2=slow 700',
      `
      const session = await onDevice();
      await session.run(x(1));
      const order = [];
      const stop = new AbortController();
      const slow = session.run(x(2), { signal: stop.signal }).catch((e) => order.push(e));
      const next = session.run(x(3)).then((o) => { order.push('next'); return first(o); });
      setTimeout(() => stop.abort('enough'), 50);
      await slow;
      const value = await next;
      await session.release();
      print({ order, value });`,
    );
    expect(seen).toEqual({ order: ['enough', 'next'], value: -3 });
  });

  test.each([
    ['a run of a binding', `const b = await session.bind({ inputs: x(1) }); job = b.run({ signal });`],
    [
      'a measurement',
      'job = session.measure(x(1), { meter, signal, repetitions: 5, idle: false, warmup: 0 });',
    ],
    [
      'a measurement on the device',
      `job = session.measure(x(1), { meter, signal, repetitions: 5, idle: false, dataPath: 'device' });`,
    ],
    [
      'a measurement in page-locked memory',
      `job = session.measure(x(1), { meter, signal, repetitions: 5, idle: false, dataPath: 'pinned' });`,
    ],
  ])('%s: rejects before the run has ended', (_, begin) => {
    const fake = new FakeNvml(`${ONE_BOARD}base 100\n`);
    const seen = play<{ early: boolean; reason: string; after: number }>(
      'run@1=slow 1500',
      `
      const meter = await m.Meter.open(${JSON.stringify(fake.options())});
      const session = await onDevice();
      const stop = new AbortController();
      const { signal } = stop;
      let job;
      ${begin}
      let ended = false;
      setTimeout(() => stop.abort('enough'), 300);
      const reason = await job.catch((e) => e);
      const after = session.run(x(7)).then((o) => { ended = true; return first(o); });
      await new Promise((done) => setTimeout(done, 0));
      print({ reason, early: !ended, after: await after });
      await session.release();
      await meter.close();`,
    );
    expect(seen).toEqual({ reason: 'enough', early: true, after: -7 });
  });

  test('the making of a session: rejects at once, and what comes of it is released', () => {
    const seen = play(
      'create@1=slow 700',
      `
      const stop = new AbortController();
      const begun = performance.now();
      setTimeout(() => stop.abort('enough'), 50);
      const reason = await onDevice({ signal: stop.signal }).catch((e) => e);
      const early = performance.now() - begun < 700;
      const never = new AbortController();
      const session = await onDevice({ signal: never.signal });
      print([reason, early, first(await session.run(x(3))), await told(onDevice({ signal: AbortSignal.abort(1) }))]);`,
    );
    expect(seen).toMatchObject(['enough', true, -3, {}]);
  });

  test('the making of a session does not hold the process', () => {
    const seen = play(
      'create@1=slow 600000',
      `
      const stop = new AbortController();
      setTimeout(() => stop.abort('enough'), 50);
      print(await onDevice({ signal: stop.signal }).catch((e) => e));`,
    );
    expect(seen).toBe('enough');
  });

  test('a queued run is dropped unrun', () => {
    const seen = play(
      'run@1=slow 500|run@3=no third run was asked for',
      `
      const session = await onDevice();
      const stop = new AbortController();
      const slow = session.run(x(1));
      const queued = session.run(x(2), { signal: stop.signal }).catch((e) => e);
      stop.abort('not now');
      const reason = await queued;
      print([reason, first(await slow), first(await session.run(x(3)))]);`,
    );
    expect(seen).toEqual(['not now', -1, -3]);
  });

  test('what the run was to write to stays as it was', () => {
    const seen = play(
      'run@2=slow 400',
      `
      const session = await onDevice();
      const given = new m.Tensor('float32', [9, 9], [2]);
      const never = new AbortController();
      await session.run(x(1, 2), { y: given }, { signal: never.signal });
      const written = [...given.data];
      const stop = new AbortController();
      setTimeout(() => stop.abort('enough'), 30);
      await session.run(x(3, 4), { y: given }, { signal: stop.signal }).catch(() => {});
      await session.run(x(5, 6));
      print({ written, after: [...given.data] });`,
    );
    expect(seen).toEqual({ written: [-1, -2], after: [-1, -2] });
  });

  test('the memory that it has borrowed stays until it has ended', () => {
    const seen = play(
      'run@1=slow 500',
      `
      const session = await onDevice();
      const stop = new AbortController();
      setTimeout(() => stop.abort('enough'), 30);
      const big = () => ({ x: new m.Tensor('float32', new Float32Array(1 << 20), [1 << 20]) });
      const reason = await session.run(big(), { signal: stop.signal }).catch((e) => e);
      for (let i = 0; i < 20; i++) { global.gc?.(); new Float32Array(1 << 20).fill(i); }
      print([reason, first(await session.run(x(2)))]);`,
      { NODE_OPTIONS: '--expose-gc' },
    );
    expect(seen).toEqual(['enough', -2]);
  });

  // These runs last longer than a test may.
  test.each([
    ['by itself', ''],
    ['by process.exit', 'process.exit();'],
  ])('does not hold the process, which ends %s', (_, end) => {
    const seen = play(
      'run@1=slow 600000',
      `
      const session = await onDevice();
      const stop = new AbortController();
      setTimeout(() => stop.abort('enough'), 50);
      const big = { x: new m.Tensor('float32', new Float32Array(1 << 20), [1 << 20]) };
      print(await session.run(big, { signal: stop.signal }).catch((e) => e));
      ${end}`,
    );
    expect(seen).toBe('enough');
  });

  /** Starts a worker whose run has borrowed memory, and goes on once it runs. */
  const WORKER = `
    const { Worker } = require('node:worker_threads');
    await onCpu();
    const source = \`
      const m = require(${JSON.stringify(join(root, 'dist/index.js'))});
      const { parentPort, workerData } = require('node:worker_threads');
      m.InferenceSession.create(workerData.model, workerData.options).then((session) => {
        session.run({ x: new m.Tensor('float32', new Float32Array(1 << 20), [1 << 20]) });
        parentPort.postMessage('running');
      });\`;
    const worker = new Worker(source, { eval: true, workerData: { model, options } });
    await new Promise((done) => worker.once('message', done));
    await new Promise((done) => setTimeout(done, 100));`;

  test('a worker ends after a run that has its memory', () => {
    expect(play('run@1=slow 1000', `${WORKER} print(await worker.terminate());`)).toBe(1);
  });

  test('the process ends beside such a worker', () => {
    expect(play('run@1=slow 600000', `${WORKER} print('bye'); process.exit(0);`)).toBe('bye');
  });
});

describe('a device that is out of memory', () => {
  test.each([
    [
      'the arena',
      FULL,
      /4\.00 GiB more were asked for; 1\.50 GiB of 80\.00 GiB are free\. ONNX Runtime: .*Conv/,
    ],
    ['its limit', LIMIT, /2\.00 MiB more were asked for, 1\.00 MiB of gpu_mem_limit are left/],
    ['CUDA', 'CUDA failure 2: out of memory ; GPU=0 ; expr=cudaMalloc((void**)&p, size)', /1\.50 GiB of 80/],
    ['cuBLAS', 'CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED ; GPU=0', /CUBLAS_STATUS_ALLOC_FAILED/],
    [
      'cuDNN',
      'CUDNN failure 4004: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED',
      /CUDNN failure 4004/,
    ],
    [
      'TensorRT',
      'Error Code 2: OutOfMemory (Requested size was 2147483648 bytes.)',
      /2\.00 GiB more were asked/,
    ],
  ])('says so in the words of %s, and the session works on', (_, text, message) => {
    const [failed, after] = play<[Told, number]>(
      `run@2=${text}`,
      `
      const session = await onDevice();
      await session.run(x(1));
      print([await told(session.run(x(2))), first(await session.run(x(3)))]);`,
    );
    expect(failed).toMatchObject({ code: 'out-of-device-memory', is: true });
    expect(failed.message).toMatch(message);
    expect(failed.remedy).toMatch(/smaller batch/);
    expect(failed.remedy).toMatch(text === LIMIT ? /gpu_mem_limit/ : /nvidia-smi/);
    expect(after).toBe(-3);
  });

  test('memory of the host is another code', () => {
    const text = 'CUDA failure 2: out of memory ; expr=cudaMallocHost((void**)&p, size)';
    const failed = play<Told>(`run@1=${text}`, 'print(await told((await onDevice()).run(x(1))));');
    expect(failed).toMatchObject({ code: 'out-of-memory' });
  });

  test('when a session is made: the next one is', () => {
    const [failed, value] = play<[Told, number]>(
      `create@1=${FULL}`,
      'print([await told(onDevice()), first(await (await onDevice()).run(x(4)))]);',
    );
    expect(failed).toMatchObject({ code: 'out-of-device-memory' });
    expect(value).toBe(-4);
  });

  test('when inputs are bound: the binding can be made again', () => {
    const [failed, value] = play<[Told, number]>(
      `tensor@2=${FULL}`,
      `
      const session = await onDevice();
      const failed = await told(session.bind({ inputs: x(1) }));
      const binding = await session.bind({ inputs: x(5) });
      await binding.run();
      print([failed, first(await binding.outputs())]);
      await session.release();`,
    );
    expect(failed).toMatchObject({ code: 'out-of-device-memory' });
    expect(value).toBe(-5);
  });

  test('when inputs are updated: the binding runs again after an update that goes through', () => {
    const [failed, refused, value] = play<[Told, Told, number]>(
      `tensor@4=${FULL}`,
      `
      const session = await onDevice();
      const binding = await session.bind({ inputs: x(1) });
      const failed = await told(binding.update(x(1, 2, 3)));
      const refused = await told(binding.run());
      await binding.update(x(6, 7));
      await binding.run();
      print([failed, refused, first(await binding.outputs())]);
      await session.release();`,
    );
    expect(failed).toMatchObject({ code: 'out-of-device-memory' });
    expect(refused).toMatchObject({ code: 'invalid-argument', remedy: expect.stringContaining('update') });
    expect(value).toBe(-6);
  });

  test('when a graph is captured: it can be captured again', () => {
    const [failed, value] = play<[Told, number]>(
      `run@2=${FULL}`,
      `
      const session = await onDevice({ enableGraphCapture: true }, fixed);
      const failed = await told(session.bind({ inputs: x(1, 2) }));
      const binding = await session.bind({ inputs: x(8, 9) });
      await binding.run();
      print([failed, first(await binding.outputs())]);
      await session.release();`,
    );
    expect(failed).toMatchObject({ code: 'out-of-device-memory' });
    expect(value).toBe(-8);
  });

  test.each(['host', 'pinned', 'device'])('in a measurement (%s): the next one goes through', (dataPath) => {
    const fake = new FakeNvml(`${ONE_BOARD}base 100\n`);
    const [failed, repetitions] = play<[Told, number]>(
      `run@2=${FULL}`,
      `
      const meter = await m.Meter.open(${JSON.stringify(fake.options())});
      const session = await onDevice();
      const options = { meter, repetitions: 5, idle: false, dataPath: '${dataPath}' };
      const failed = await told(session.measure(x(1), options));
      print([failed, (await session.measure(x(1), options)).repetitions]);
      await session.release();
      await meter.close();`,
    );
    expect(failed).toMatchObject({ code: 'out-of-device-memory' });
    expect(repetitions).toBe(5);
  });
});

describe('a device that is lost', () => {
  test('every call of its sessions says so at once; the processor goes on; release neither hangs nor crashes', () => {
    const { fails, cpu, released, made, idle } = play<{
      fails: Told[];
      cpu: number;
      released: string[];
      made: Told;
      idle: string;
    }>(
      'run@3=lost',
      `
      const cpu = await onCpu();
      const idle = await onDevice();
      const session = await onDevice();
      const binding = await session.bind({ inputs: x(1) });
      await binding.run();
      await session.run(x(1));
      const fails = [];
      for (const call of [
        () => session.run(x(1)), () => session.run(x(1)), () => binding.run(), () => binding.update(x(2)),
        () => binding.outputs(), () => session.bind({ inputs: x(1) }),
      ]) fails.push(await told(call()));
      const made = await told(onDevice());
      const released = [await told(binding.release()), await told(session.release())];
      print({ fails, made, released, idle: await told(idle.release()), cpu: first(await cpu.run(x(5))) });`,
    );
    expect(fails).toHaveLength(6);
    for (const failed of [...fails, made]) {
      expect(failed).toMatchObject({
        code: 'device-lost',
        remedy: expect.stringContaining('Start the process'),
      });
    }
    expect(fails[0]?.message).toMatch(/^ONNX Runtime: CUDA failure 700/);
    expect(fails[1]?.message).toMatch(/lost to this process before/);
    expect(released).toEqual(['fulfilled', 'fulfilled']);
    expect(idle).toBe('fulfilled');
    expect(cpu).toBe(-5);
  });

  test.each([46, 214, 702, 710, 719, 999])('CUDA failure %i is one', (number) => {
    const failed = play<Told>(
      `run@1=CUDA failure ${number}: some words ; GPU=0`,
      'print(await told((await onDevice()).run(x(1)))); process.exit();',
    );
    expect(failed.code).toBe('device-lost');
  });

  test('is lost to the sessions beside it too, which end with the process', () => {
    const failed = play<Told>(
      'run@1=lost',
      `
      const other = await onDevice();
      const session = await onDevice();
      await told(session.run(x(1)));
      print(await told(other.bind({ inputs: x(1) })));`,
    );
    expect(failed).toMatchObject({ code: 'device-lost' });
  });

  test('is noticed where the failure has no words for it: the context is asked', () => {
    const [failed, next] = play<[Told, Told]>(
      'run@1=silently lost',
      `
      const session = await onDevice();
      print([await told(session.run(x(1))), await told(session.run(x(1)))]);
      await session.release();`,
    );
    for (const one of [failed, next]) expect(one.code).toBe('device-lost');
    expect(failed.message).toMatch(/cuCtxSynchronize gives 700 .*CUBLAS_STATUS_EXECUTION_FAILED/);
  });

  test('and left without release: the process ends by itself', () => {
    const program = `${PRELUDE()}
      onDevice().then(async (session) => print((await told(session.run(x(1)))).code));`;
    const source = `const m = require(${JSON.stringify(join(root, 'dist/index.js'))});${program}`;
    const env = machine.environment({ MJ_FAKE_FAULTS: 'run@1=lost' });
    expect(runProcess(process.execPath, ['-e', source], machine.root, env)).toEqual({
      code: 0,
      signal: null,
      stdout: '"device-lost"\n',
      stderr: '',
    });
  });
});
