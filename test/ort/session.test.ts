import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InferenceSession, Tensor } from '../../src/index.js';
import { binary, chain, model, unary } from '../helpers/onnx-model.js';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mj-session-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const identity = unary('Identity', 'float32', ['n']);
const vector = (...values: number[]) => new Tensor('float32', values, [values.length]);
const SIZE = 256;
const slow = () => ({ x: new Tensor('float32', new Float32Array(SIZE * SIZE), [SIZE, SIZE]) });
const openSlow = (options = {}) => InferenceSession.create(chain(SIZE, 150), options);

describe('create', () => {
  test('from a path, bytes, a buffer and a part of a buffer', async () => {
    const path = join(folder, 'identity.onnx');
    writeFileSync(path, identity);
    const padded = Buffer.concat([Buffer.alloc(5, 0xff), identity, Buffer.alloc(9, 0xff)]);
    const buffer = padded.buffer.slice(padded.byteOffset, padded.byteOffset + padded.byteLength);
    const whole = new Uint8Array(identity).buffer;
    const shared = new SharedArrayBuffer(identity.length);
    new Uint8Array(shared).set(identity);
    for (const session of await Promise.all([
      InferenceSession.create(path),
      InferenceSession.create(identity),
      InferenceSession.create(whole),
      InferenceSession.create(shared),
      InferenceSession.create(buffer, 5, identity.length),
      InferenceSession.create(buffer.slice(0, 5 + identity.length), 5),
      InferenceSession.create(buffer, 5, identity.length, { executionProviders: ['cpu'] }),
    ])) {
      expect((await session.run({ x: vector(1, 2) })).y?.data).toEqual(Float32Array.of(1, 2));
      await session.release();
    }
  });

  test('tells its names, metadata, providers and runtime', async () => {
    const session = await InferenceSession.create(unary('Identity', 'float32', ['batch', 3, 'seq']));
    expect(session.inputNames).toEqual(['x']);
    expect(session.outputNames).toEqual(['y']);
    expect(session.inputMetadata).toEqual([
      { name: 'x', isTensor: true, type: 'float32', shape: ['batch', 3, 'seq'] },
    ]);
    expect(session.providers).toEqual(['cpu']);
    expect(session.skippedProviders).toEqual([]);
    expect(session.device).toBeNull();
    expect(session.runtime.version).toMatch(/^1\.\d+\.\d+$/);
    expect(session.runtime.path).toMatch(/libonnxruntime\.so\.1/);
    await session.release();
  });

  test('free dimensions are fixed by name', async () => {
    const session = await InferenceSession.create(unary('Identity', 'float32', ['batch', 3]), {
      freeDimensionOverrides: { batch: 2 },
    });
    expect(session.inputMetadata[0]).toMatchObject({ shape: [2, 3] });
    await expect(session.run({ x: new Tensor('float32', [1, 2, 3], [1, 3]) })).rejects.toThrow(
      /shape \[2, 3\]/,
    );
    await session.release();
  });

  test.each([
    ['bytes', (weights: Uint8Array, _: string) => [{ path: 'w.bin', data: weights }]],
    ['a path', (_: Uint8Array, file: string) => [{ path: 'w.bin', data: file }]],
    ['the name of a file', (_: Uint8Array, file: string) => [file]],
  ])('external data as %s', async (_, externalData) => {
    const weights = new Uint8Array(Float32Array.of(10, 20, 30).buffer);
    const file = join(folder, 'w.bin');
    writeFileSync(file, weights);
    const bytes = model({
      nodes: [{ op: 'Add', inputs: ['x', 'w'], outputs: ['y'] }],
      inputs: [{ name: 'x', type: 'float32', shape: [3] }],
      outputs: [{ name: 'y', type: 'float32', shape: [3] }],
      initializers: [
        { name: 'w', type: 'float32', dims: [3], external: { location: 'w.bin', offset: 0, length: 12 } },
      ],
    });
    const session = await InferenceSession.create(bytes, { externalData: externalData(weights, file) });
    expect((await session.run({ x: vector(1, 2, 3) })).y?.data).toEqual(Float32Array.of(11, 22, 33));
    await session.release();
  });

  test('options reach ONNX Runtime: optimised model, profile, config', async () => {
    const optimized = join(folder, 'optimized.onnx');
    const session = await InferenceSession.create(binary('Add', 'float32', [2]), {
      executionProviders: [{ name: 'cpu', useArena: false }],
      optimizedModelFilePath: optimized,
      graphOptimizationLevel: 'basic',
      enableProfiling: true,
      profileFilePrefix: join(folder, 'profile'),
      executionMode: 'parallel',
      intraOpNumThreads: 1,
      interOpNumThreads: 2,
      enableMemPattern: false,
      logId: 'test',
      logSeverityLevel: 4,
      logVerbosityLevel: 0,
      extra: { session: { set_denormal_as_zero: true } },
    });
    expect(existsSync(optimized)).toBe(true);
    session.startProfiling();
    await session.run(
      { x: vector(1, 2), y: vector(3, 4) },
      { tag: 'tagged', logSeverityLevel: 4, extra: { a: { b: 1 } } },
    );
    session.endProfiling();
    const written = readdir().filter((name) => name.startsWith('profile'));
    expect(written).toHaveLength(1);
    expect(readFileSync(join(folder, written[0] as string), 'utf8')).toContain('Add');
    await session.release();
  });

  test('a configuration that ONNX Runtime refuses is its error', async () => {
    await expect(
      InferenceSession.create(identity, {
        extra: { session: { intra_op_thread_affinities: 'x'.repeat(2000) } },
      }),
    ).rejects.toMatchObject({ name: 'MicrojouleError' });
  });
});

function readdir(): string[] {
  return require('node:fs').readdirSync(folder);
}

describe('run', () => {
  const two = model({
    nodes: [
      { op: 'Neg', inputs: ['x'], outputs: ['minus'] },
      { op: 'Abs', inputs: ['x'], outputs: ['size'] },
      { op: 'Cast', inputs: ['x'], outputs: ['text'], attributes: [{ name: 'to', int: 8 }] },
    ],
    inputs: [{ name: 'x', type: 'float32', shape: ['n'] }],
    outputs: [
      { name: 'minus', type: 'float32', shape: ['n'] },
      { name: 'size', type: 'float32', shape: ['n'] },
      { name: 'text', type: 'string', shape: ['n'] },
    ],
  });

  test('gives all outputs, those named, or those of a map', async () => {
    const session = await InferenceSession.create(two);
    const feeds = { x: vector(-1, 2) };
    expect(Object.keys(await session.run(feeds))).toEqual(['minus', 'size', 'text']);
    expect(Object.keys(await session.run(feeds, ['size']))).toEqual(['size']);
    expect(Object.keys(await session.run(feeds, ['text', 'minus'], { tag: 't' }))).toEqual(['text', 'minus']);
    expect(Object.keys(await session.run(feeds, { minus: null }))).toEqual(['minus']);
    expect((await session.run(feeds, ['text', 'minus'])).minus?.data).toEqual(Float32Array.of(1, -2));
    await session.release();
  });

  test('writes to tensors that are given, strings included', async () => {
    const session = await InferenceSession.create(two);
    const minus = vector(0, 0);
    const text = new Tensor('string', ['', ''], [2]);
    const outputs = await session.run({ x: vector(-1, 2) }, { minus, text, size: null });
    expect(outputs.minus).toBe(minus);
    expect(outputs.text).toBe(text);
    expect(minus.data).toEqual(Float32Array.of(1, -2));
    expect(text.data).toEqual(['-1', '2']);
    expect(outputs.size?.data).toEqual(Float32Array.of(1, 2));
    await session.release();
  });

  test('takes plain objects as tensors', async () => {
    const session = await InferenceSession.create(identity);
    const { y } = await session.run({ x: { type: 'float32', dims: [2], data: Float32Array.of(5, 6) } });
    expect(y).toBeInstanceOf(Tensor);
    expect(y?.reshape([2, 1]).dims).toEqual([2, 1]);
    await session.release();
  });

  test('views on a part of a buffer are read from where they begin', async () => {
    const session = await InferenceSession.create(identity);
    const data = new Float32Array(Float32Array.of(9, 1, 2, 9).buffer, 4, 2);
    expect((await session.run({ x: new Tensor('float32', data, [2]) })).y?.data).toEqual(
      Float32Array.of(1, 2),
    );
    await session.release();
  });

  test('inputs up to 1 MiB are copied: a change after the call is not seen', async () => {
    const session = await InferenceSession.create(chain(SIZE, 20));
    const x = slow().x;
    const before = session.run({ x });
    (x.data as Float32Array).fill(1);
    expect((await before).y?.data.slice(0, 3)).toEqual(new Float32Array(3));
    await session.release();
  });

  test('larger inputs are borrowed and survive a collection', async () => {
    const session = await InferenceSession.create(unary('Neg', 'float32', ['n']));
    const length = 1 << 20;
    const pending = session.run({ x: new Tensor('float32', new Float32Array(length).fill(3), [length]) });
    for (let i = 0; i < 20; i++) new Float32Array(length).fill(i);
    const { y } = await pending;
    expect(new Set(y?.data as Float32Array)).toEqual(new Set([-3]));
    await session.release();
  });

  test('both ways of completion give the same: waited for and told', async () => {
    for (const options of [
      { callerWaitUs: 0, executorSpinUs: 0 },
      { callerWaitUs: 5000, executorSpinUs: 5000 },
    ]) {
      const session = await InferenceSession.create(identity, options);
      for (let i = 0; i < 300; i++) {
        expect((await session.run({ x: vector(i, -i) })).y?.data).toEqual(Float32Array.of(i, -i));
      }
      await session.release();
    }
  });

  test('is first in, first out', async () => {
    const session = await openSlow();
    const order: number[] = [];
    await Promise.all([0, 1, 2, 3, 4].map((i) => session.run(slow()).then(() => order.push(i))));
    expect(order).toEqual([0, 1, 2, 3, 4]);
    await session.release();
  });

  test('leaves the event loop free, and so does create', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    const session = await InferenceSession.create(chain(SIZE, 1000));
    const duringCreate = turns;
    turns = 0;
    await session.run({ x: slow().x });
    const duringRun = turns;
    clearInterval(timer);
    expect(duringCreate).toBeGreaterThan(3);
    expect(duringRun).toBeGreaterThan(10);
    await session.release();
  });
});

describe('abort', () => {
  test('before the run: rejects with the reason and does not run', async () => {
    const session = await InferenceSession.create(identity);
    const reason = new Error('not wanted');
    await expect(session.run({ x: vector(1) }, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    await session.release();
  });

  test('during the run: rejects with the reason, and the session goes on', async () => {
    const session = await openSlow();
    const controller = new AbortController();
    const reason = { why: 'enough' };
    const run = session.run(slow(), { signal: controller.signal });
    setTimeout(() => controller.abort(reason), 10);
    await expect(run).rejects.toBe(reason);
    expect(await session.run(slow())).toHaveProperty('y');
    await session.release();
  });

  test('a queued run is dropped, those beside it are not', async () => {
    const session = await openSlow();
    const controller = new AbortController();
    const first = session.run(slow());
    const second = session.run(slow(), { signal: controller.signal });
    const third = session.run(slow());
    controller.abort();
    await expect(second).rejects.toMatchObject({ name: 'AbortError' });
    expect(await first).toHaveProperty('y');
    expect(await third).toHaveProperty('y');
    await session.release();
  });

  test('with run options of its own', async () => {
    const session = await openSlow();
    const run = session.run(slow(), { signal: AbortSignal.timeout(10), tag: 'own' });
    await expect(run).rejects.toMatchObject({ name: 'TimeoutError' });
    await session.release();
  });

  test('after the run: nothing', async () => {
    const session = await InferenceSession.create(identity);
    const controller = new AbortController();
    await session.run({ x: vector(1) }, { signal: controller.signal });
    controller.abort();
    expect(await session.run({ x: vector(1) })).toHaveProperty('y');
    await session.release();
  });

  test('terminate: true', async () => {
    const session = await InferenceSession.create(identity);
    await expect(session.run({ x: vector(1) }, { terminate: true })).rejects.toMatchObject({
      code: 'aborted',
    });
    await session.release();
  });
});

describe('release', () => {
  test('waits for queued runs', async () => {
    const session = await openSlow();
    const order: string[] = [];
    const runs = [
      session.run(slow()).then(() => order.push('run')),
      session.run(slow()).then(() => order.push('run')),
    ];
    await session.release().then(() => order.push('release'));
    await Promise.all(runs);
    expect(order).toEqual(['run', 'run', 'release']);
  });

  test('in any order', async () => {
    const sessions = await Promise.all(Array.from({ length: 4 }, () => InferenceSession.create(identity)));
    for (const index of [2, 0, 3, 1]) {
      for (const session of sessions.filter((s) => s !== undefined))
        await session.run({ x: vector(1) }).catch(() => {});
      await (sessions[index] as InferenceSession).release();
    }
  });

  test('by asyncDispose, twice', async () => {
    const session = await InferenceSession.create(identity);
    await session[Symbol.asyncDispose]();
    await session[Symbol.asyncDispose]();
    await expect(session.run({ x: vector(1) })).rejects.toMatchObject({ code: 'session-released' });
  });

  test('outputs outlive their session', async () => {
    const session = await InferenceSession.create(identity);
    const length = 1 << 18;
    const { y } = await session.run({ x: new Tensor('float32', new Float32Array(length).fill(7), [length]) });
    await session.release();
    expect(new Set(y?.data as Float32Array)).toEqual(new Set([7]));
  });
});
