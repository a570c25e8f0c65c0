// Inputs and outputs bound once, on the real ONNX Runtime. Its CPU provider shows all of it but the copies to a device.

import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Binding, InferenceSession, MicrojouleError, Tensor } from '../../src/index.js';
import { root } from '../helpers/child.js';
import { binary, chain, model, unary } from '../helpers/onnx-model.js';

const vector = (...values: number[]) => new Tensor('float32', values, [values.length]);
const y = async (binding: Binding) => {
  const data = (await binding.outputs()).y?.data;
  return Array.from(data as Float32Array);
};

describe('a binding', () => {
  let session: InferenceSession;
  beforeAll(async () => {
    session = await InferenceSession.create(unary('Neg', 'float32', ['n']));
  });
  afterAll(() => session.release());

  test('runs on what it holds, and its outputs are copies', async () => {
    const input = vector(1, 2);
    const binding = await session.bind({ inputs: { x: input } });
    expect(binding.location).toBe('cpu');
    expect(binding.outputNames).toEqual(['y']);
    (input.data as Float32Array).fill(9);
    await binding.run();
    const first = await binding.outputs();
    expect(first.y?.data).toEqual(Float32Array.of(-1, -2));
    await binding.update({ x: vector(3, 4) });
    await binding.run();
    await binding.run();
    expect(await y(binding)).toEqual([-3, -4]);
    expect(first.y?.data).toEqual(Float32Array.of(-1, -2));
    await binding.release();
  });

  test('takes inputs of another shape', async () => {
    const binding = await session.bind({ inputs: { x: vector(1) } });
    for (const values of [[1], [2, 3, 4], [5, 6]]) {
      await binding.update({ x: vector(...values) });
      await binding.run();
      expect(await y(binding)).toEqual(values.map((value) => -value));
      expect((await binding.outputs()).y?.dims).toEqual([values.length]);
    }
    await binding.release();
  });

  test('has no outputs before it has run', async () => {
    const binding = await session.bind({ inputs: { x: vector(1) } });
    await expect(binding.outputs()).rejects.toMatchObject({ code: 'invalid-argument' });
    await binding.run();
    await binding.update({ x: vector(2) });
    await expect(binding.outputs()).rejects.toThrow(/has not run/);
    await binding.release();
  });

  test('several stand side by side, and beside run', async () => {
    const bindings = await Promise.all(
      [1, 2, 3].map((value) => session.bind({ inputs: { x: vector(value) } })),
    );
    await Promise.all(bindings.map((binding) => binding.run()));
    expect((await session.run({ x: vector(7) })).y?.data).toEqual(Float32Array.of(-7));
    expect(await Promise.all(bindings.map(y))).toEqual([[-1], [-2], [-3]]);
    await Promise.all(bindings.map((binding) => binding.release()));
  });

  test('checks its inputs, names and options first', async () => {
    const bind = (options: object) => session.bind(options as never);
    await expect(bind({ inputs: {} })).rejects.toThrow(/'x' is missing/);
    await expect(bind({ inputs: { x: vector(1) }, outputs: ['z'] })).rejects.toThrow(/no output 'z'/);
    await expect(bind({ inputs: { x: vector(1) }, outputs: [] })).rejects.toThrow(/at least one/);
    await expect(bind({ inputs: { x: vector(1) }, location: 'moon' })).rejects.toThrow(
      /location must be one of/,
    );
    await expect(bind({ inputs: { x: vector(1) }, place: 'cpu' })).rejects.toThrow(
      /no option of bind: 'place'/,
    );
    const binding = await session.bind({ inputs: { x: vector(1) } });
    await expect(binding.update({ z: vector(1) })).rejects.toThrow(/no input 'z'/);
    await expect(binding.update({ x: new Tensor('int32', [1], [1]) })).rejects.toThrow(
      /is float32, not int32/,
    );
    await binding.release();
  });

  test.each(['pinned', 'gpu'] as const)('in %s memory needs a device', async (location) => {
    await expect(session.bind({ inputs: { x: vector(1) }, location })).rejects.toMatchObject({
      code: 'not-supported',
      remedy: expect.stringContaining("'cuda'"),
    });
  });

  test('is released once, and then says so', async () => {
    const binding = await session.bind({ inputs: { x: vector(1) } });
    expect(binding.release()).toBe(binding.release());
    await binding.release();
    await expect(binding.run()).rejects.toMatchObject({
      code: 'session-released',
      message: /binding has been/,
    });
  });
});

test('some of the inputs are refilled, and some of the outputs bound', async () => {
  const session = await InferenceSession.create(
    model({
      nodes: [
        { op: 'Add', inputs: ['a', 'b'], outputs: ['sum'] },
        { op: 'Sub', inputs: ['a', 'b'], outputs: ['difference'] },
      ],
      inputs: ['a', 'b'].map((name) => ({ name, type: 'float32' as const, shape: [1] })),
      outputs: ['sum', 'difference'].map((name) => ({ name, type: 'float32' as const, shape: [1] })),
    }),
  );
  const binding = await session.bind({ inputs: { a: vector(5), b: vector(1) }, outputs: ['difference'] });
  await binding.update({ b: vector(2) });
  await binding.run();
  const outputs = await binding.outputs();
  expect(Object.keys(outputs)).toEqual(['difference']);
  expect(outputs.difference?.data).toEqual(Float32Array.of(3));
  await session.release();
});

test('strings are bound too', async () => {
  const session = await InferenceSession.create(unary('Identity', 'string', ['n']));
  const binding = await session.bind({ inputs: { x: new Tensor('string', ['a', 'größer'], [2]) } });
  await binding.run();
  expect((await binding.outputs()).y?.data).toEqual(['a', 'größer']);
  await session.release();
});

test('an output whose shape hangs on the data is found anew after an update', async () => {
  const session = await InferenceSession.create(
    model({
      nodes: [{ op: 'NonZero', inputs: ['x'], outputs: ['y'] }],
      inputs: [{ name: 'x', type: 'float32', shape: [3] }],
      outputs: [{ name: 'y', type: 'int64', shape: [1, 'k'] }],
    }),
  );
  const binding = await session.bind({ inputs: { x: vector(1, 0, 1) } });
  await binding.run();
  expect((await binding.outputs()).y?.dims).toEqual([1, 2]);
  await binding.update({ x: vector(0, 0, 1) });
  await binding.run();
  expect((await binding.outputs()).y?.dims).toEqual([1, 1]);
  await session.release();
});

describe('lifetimes', () => {
  test('the session ends its bindings, and they say which is gone', async () => {
    const session = await InferenceSession.create(unary('Neg', 'float32', [1]));
    const binding = await session.bind({ inputs: { x: vector(1) } });
    const pending = binding.run();
    await session.release();
    await pending;
    for (const call of [
      () => binding.run(),
      () => binding.outputs(),
      () => binding.update({ x: vector(1) }),
    ]) {
      await expect(call()).rejects.toMatchObject({ code: 'session-released', message: /session has been/ });
    }
    await binding.release();
  });

  test('a binding that is made while the session ends is refused', async () => {
    const session = await InferenceSession.create(chain(256, 40));
    const x = new Tensor('float32', new Float32Array(256 * 256), [256, 256]);
    const making = session.bind({ inputs: { x } });
    await Promise.resolve();
    const released = session.release();
    const made = await making.catch((error: unknown) => error);
    expect(made).toBeInstanceOf(MicrojouleError);
    expect(made).toMatchObject({ code: 'session-released' });
    await released;
  });

  test('a run is stopped by its signal, and the binding works on', async () => {
    const session = await InferenceSession.create(chain(256, 400));
    const x = new Tensor('float32', new Float32Array(256 * 256), [256, 256]);
    const binding = await session.bind({ inputs: { x } });
    const controller = new AbortController();
    const run = binding.run({ signal: controller.signal });
    controller.abort(new Error('enough'));
    await expect(run).rejects.toThrow('enough');
    await binding.run();
    expect(Object.keys(await binding.outputs())).toEqual(['y']);
    await session.release();
  });

  test('a worker binds, and may end with bindings open', async () => {
    const code = `
      const { InferenceSession, Tensor } = require(${JSON.stringify(join(root, 'dist/index.js'))});
      const { parentPort, workerData } = require('node:worker_threads');
      (async () => {
        const session = await InferenceSession.create(workerData);
        const x = new Tensor('float32', [1, 2], [2]);
        const [kept, other] = await Promise.all([session.bind({ inputs: { x } }), session.bind({ inputs: { x } })]);
        await Promise.all([kept.run(), other.run()]);
        await other.release();
        parentPort.postMessage([...(await kept.outputs()).y.data]);
      })();`;
    const bytes = new Uint8Array(unary('Neg', 'float32', [2]));
    for (let i = 0; i < 3; i++) {
      const worker = new Worker(code, { eval: true, workerData: bytes });
      const seen = new Promise((resolve, reject) => {
        worker.once('message', resolve);
        worker.once('error', reject);
      });
      const ended = new Promise((resolve) => worker.once('exit', resolve));
      expect(await seen).toEqual([-1, -2]);
      expect(await ended).toBe(0);
    }
  });
});

test('one tensor may be two inputs', async () => {
  const session = await InferenceSession.create(binary('Add', 'float32', [2]));
  const shared = vector(1, 2);
  const binding = await session.bind({ inputs: { x: shared, y: shared } });
  await binding.run();
  expect((await binding.outputs()).z?.data).toEqual(Float32Array.of(2, 4));
  await session.release();
});
