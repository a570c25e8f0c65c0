import { afterEach, describe, expect, test } from 'vitest';
import { InferenceSession, Meter, Tensor } from '../../src/index.js';
import { binary, chain, unary } from '../helpers/onnx-model.js';

const SIZE = 256;
const slow = () => ({ x: new Tensor('float32', new Float32Array(SIZE * SIZE).fill(1), [SIZE, SIZE]) });
const identity = unary('Identity', 'float32', ['n']);
const vector = (...values: number[]) => new Tensor('float32', values, [values.length]);

const open: InferenceSession[] = [];
async function create(model: Uint8Array, options: InferenceSession.SessionOptions = {}) {
  const session = await InferenceSession.create(model, { runsOn: 'caller', ...options });
  open.push(session);
  return session;
}
afterEach(async () => {
  for (const session of open.splice(0)) await session.release();
});

/** Turns of the event loop until the promise has settled. */
async function turnsUntil(promise: Promise<unknown>): Promise<number> {
  let turns = 0;
  const timer = setInterval(() => turns++, 1);
  await promise;
  clearInterval(timer);
  return turns;
}

describe("runsOn: 'caller'", () => {
  test('ends before the event loop turns', async () => {
    const session = await create(chain(SIZE, 150));
    expect(await turnsUntil(session.run(slow()))).toBe(0);
    expect(await turnsUntil(session.run(slow(), { tag: 'here too' }))).toBe(0);
  });

  test('gives what the session has on its own thread', async () => {
    const model = binary('Add', 'float32', [3]);
    const here = await create(model);
    const there = await create(model, { runsOn: 'session' });
    const feeds = { x: vector(1, 2, 3), y: vector(10, 20, 30) };
    const [name] = here.outputNames as [string];
    const into = () => ({ [name]: new Tensor('float32', new Float32Array(3), [3]) });
    for (const session of [here, there]) {
      expect((await session.run(feeds))[name]?.data).toEqual(Float32Array.of(11, 22, 33));
      expect((await session.run(feeds, [name]))[name]?.data).toEqual(Float32Array.of(11, 22, 33));
      expect((await session.run(feeds, into()))[name]?.data).toEqual(Float32Array.of(11, 22, 33));
    }
  });

  test('inputs and outputs of any size, and what is changed afterwards is not seen', async () => {
    const session = await create(unary('Neg', 'float32', ['n']));
    for (const length of [0, 1, 1000, 1 << 19]) {
      const x = new Tensor('float32', new Float32Array(length).fill(3), [length]);
      const running = session.run({ x });
      (x.data as Float32Array).fill(4);
      const { y } = await running;
      const data = Array.from(y?.data as Float32Array);
      expect(data.length).toBe(length);
      expect(data.every((value) => value === -3)).toBe(true);
    }
  });

  test('strings too', async () => {
    const session = await create(unary('Identity', 'string', ['n']));
    const { y } = await session.run({ x: new Tensor('string', ['a', 'bä', ''], [3]) });
    expect(y?.data).toEqual(['a', 'bä', '']);
  });

  test('a failing run rejects, and the next one is good', async () => {
    const session = await create(binary('Add', 'float32', ['n']));
    const feeds = (n: number) => ({ x: vector(...Array(n).fill(1)), y: vector(1, 1) });
    await expect(session.run(feeds(3))).rejects.toMatchObject({ code: 'ort-failure' });
    await expect(session.run(feeds(2))).resolves.toBeDefined();
  });

  test('behind other work of the session it waits its turn, first in, first out', async () => {
    const session = await create(chain(SIZE, 150));
    const order: string[] = [];
    const done = (name: string) => () => void order.push(name);
    await Promise.all([
      session.run(slow(), { signal: new AbortController().signal }).then(done('first')),
      session.run(slow()).then(done('second')),
      session.run(slow()).then(done('third')),
    ]);
    expect(order).toEqual(['first', 'second', 'third']);
    expect(await turnsUntil(session.run(slow()))).toBe(0);
  });

  test('with a signal it can be aborted', async () => {
    const session = await create(chain(SIZE, 20_000));
    const controller = new AbortController();
    const running = session.run(slow(), { signal: controller.signal });
    setTimeout(() => controller.abort(), 5);
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('while another session has the device to itself, the event loop goes on', async () => {
    const session = await create(identity);
    const holder = await create(chain(SIZE, 10));
    const meter = await Meter.open({ sources: [] });
    const controller = new AbortController();
    let begun: () => void = () => {};
    const running = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const measuring = holder.measure(slow(), {
      meter,
      exclusive: true,
      idle: false,
      minDurationMs: 60_000,
      signal: controller.signal,
      onProgress: ({ phase }) => phase === 'running' && begun(),
    });
    await running;
    const waiting = session.run({ x: vector(1) });
    const early = await Promise.race([waiting, new Promise((resolve) => setTimeout(resolve, 30, 'waits'))]);
    expect(early).toBe('waits');
    controller.abort();
    await expect(measuring).rejects.toMatchObject({ name: 'AbortError' });
    expect((await waiting).y?.data).toEqual(Float32Array.of(1));
    await meter.close();
  });

  test('anything else is refused', async () => {
    await expect(create(identity, { runsOn: 'worker' as never })).rejects.toMatchObject({
      code: 'invalid-argument',
      message: expect.stringMatching(/runsOn.*session, caller/),
    });
  });
});
