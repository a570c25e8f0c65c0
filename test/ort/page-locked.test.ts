// Page-locked memory, on a stand-in that fails as ONNX Runtime 1.29 does where an output is bound there (seen on an H100).
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { GpuMachine } from '../helpers/fake-gpu.js';
import { FakeNvml, ONE_BOARD } from '../helpers/fake-nvml.js';
import { unary } from '../helpers/onnx-model.js';

vi.setConfig({ testTimeout: 120_000 });

let machine: GpuMachine;
let folders: string[];
beforeAll(() => {
  machine = new GpuMachine();
  folders = (['cuda', 'cudnn'] as const).map((product) => machine.put(product, `opt/${product}`));
});

/** Runs an async program with a session on the device that gives -x, and gives what it returns. */
function play<T>(shape: (number | string)[], program: string): T {
  const model = Buffer.from(unary('Neg', 'float32', shape)).toString('base64');
  const { runtime } = machine;
  return machine.run<T>(`
    const x = (...values) => ({ x: new m.Tensor('float32', values, [values.length]) });
    (async () => {
      const session = await m.InferenceSession.create(Buffer.from('${model}', 'base64'), {
        executionProviders: ['cuda'],
        libraryFolders: ${JSON.stringify(folders)},
        onnxruntime: ${JSON.stringify(runtime)},
      });
      const told = await (async () => {${program}})();
      await session.release();
      console.log(JSON.stringify(told));
    })().catch((e) => { console.error(e); process.exit(9); });`);
}

describe.each([
  ['fixed', [2]],
  ['free', ['n']],
])('a %s shape', (_, shape) => {
  test('is measured on the way from and to page-locked memory', () => {
    const fake = new FakeNvml(`${ONE_BOARD}base 100\n`);
    const told = play(
      shape,
      `
      const meter = await m.Meter.open(${JSON.stringify(fake.options())});
      const options = { meter, repetitions: 5, idle: false, dataPath: 'pinned' };
      const one = await session.measure(x(1, 2), options);
      const two = await session.measure(x(3, 4), options);
      await meter.close();
      return [one, two].map(({ dataPath, repetitions, outputs }) => [dataPath, repetitions, ...outputs.y.data]);`,
    );
    expect(told).toEqual([
      ['pinned', 5, -1, -2],
      ['pinned', 5, -3, -4],
    ]);
  });

  test('is bound there, run, and bound to other values', () => {
    const told = play(
      shape,
      `
      const binding = await session.bind({ inputs: x(1, 2), location: 'pinned' });
      const read = async () => [...(await binding.outputs()).y.data];
      const seen = [];
      for (const inputs of [undefined, x(3, 4)]) {
        if (inputs) await binding.update(inputs);
        for (let i = 0; i < 3; i++) await binding.run();
        seen.push(await read());
      }
      await binding.release();
      return [binding.location, seen];`,
    );
    expect(told).toEqual([
      'pinned',
      [
        [-1, -2],
        [-3, -4],
      ],
    ]);
  });
});

test('a free shape may change from update to update', () => {
  const told = play(
    ['n'],
    `
    const binding = await session.bind({ inputs: x(1), location: 'pinned' });
    const seen = [];
    for (const values of [[1], [2, 3, 4], [5]]) {
      await binding.update(x(...values));
      for (let i = 0; i < 2; i++) await binding.run();
      seen.push([...(await binding.outputs()).y.data]);
    }
    return seen;`,
  );
  expect(told).toEqual([[-1], [-2, -3, -4], [-5]]);
});
