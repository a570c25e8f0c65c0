// Every bad input is one sentence with a code, before or instead of a crash, and the session lives on.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ErrorCode, InferenceSession, MicrojouleError, Tensor } from '../../src/index.js';
import { chain, model, unary } from '../helpers/onnx-model.js';

async function failure(promise: Promise<unknown>): Promise<MicrojouleError> {
  try {
    await promise;
  } catch (error) {
    expect(error).toBeInstanceOf(MicrojouleError);
    return error as MicrojouleError;
  }
  throw new Error('It was accepted.');
}

async function expectCode(promise: Promise<unknown>, code: ErrorCode, text: RegExp): Promise<void> {
  const error = await failure(promise);
  expect(error.message).toMatch(text);
  expect(error.code).toBe(code);
  expect(error.message).not.toContain('\n');
  expect(error.message).toMatch(/[.)]$/);
}

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mj-bad-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const create = InferenceSession.create as (...args: unknown[]) => Promise<InferenceSession>;
const good = unary('Identity', 'float32', ['batch', 3]);

describe('models', () => {
  const file = (name: string, bytes: Uint8Array | string): string => {
    const path = join(folder, name);
    writeFileSync(path, bytes);
    return path;
  };
  const random = Buffer.from(Array.from({ length: 4096 }, (_, i) => (i * 7919 + 13) % 251));

  test('empty path', () => expectCode(create(''), 'invalid-argument', /path of the model is empty/));
  test('missing file', () =>
    expectCode(create(join(folder, 'none.onnx')), 'io-failure', /There is no model .*none\.onnx/));
  test('a folder', () => {
    mkdirSync(join(folder, 'model.onnx'));
    return expectCode(create(join(folder, 'model.onnx')), 'invalid-argument', /is a folder/);
  });
  test('empty file', () => expectCode(create(file('empty.onnx', '')), 'invalid-model', /is empty/));
  test('random file', () =>
    expectCode(create(file('random.onnx', random)), 'invalid-model', /ONNX Runtime: /));
  test('truncated file', () =>
    expectCode(create(file('cut.onnx', chain(32, 4).subarray(0, 3000))), 'invalid-model', /ONNX Runtime: /));
  test('empty bytes', () => expectCode(create(new Uint8Array(0)), 'invalid-model', /0 bytes/));
  test('random bytes', () => expectCode(create(random), 'invalid-model', /ONNX Runtime: /));
  test('truncated bytes', () =>
    expectCode(create(chain(32, 4).subarray(0, 3000)), 'invalid-model', /ONNX Runtime: /));
  test('transferred bytes', () => {
    const bytes = new Uint8Array(good);
    structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
    return expectCode(create(bytes), 'invalid-model', /transferred/);
  });
  test('a part of a buffer that lies outside', () =>
    expectCode(create(new ArrayBuffer(10), 8, 3), 'invalid-argument', /byteLength must lie within/));
  test('an operator that does not exist', () =>
    expectCode(create(unary('NoSuchOp', 'float32', [1])), 'invalid-model', /NoSuchOp/));
  test('a graph that does not fit together', () =>
    expectCode(
      create(
        model({
          nodes: [{ op: 'Add', inputs: ['x', 'nowhere'], outputs: ['y'] }],
          inputs: [{ name: 'x', type: 'float32', shape: [1] }],
          outputs: [{ name: 'y', type: 'float32', shape: [1] }],
        }),
      ),
      'invalid-model',
      /nowhere/,
    ));
  test.each([[undefined], [null], [42], [{}], [['a']]])('not a model: %j', (value) =>
    expectCode(create(value), 'invalid-argument', /A model is a path/),
  );
});

describe('session options', () => {
  test.each<[Record<string, unknown>, ErrorCode, RegExp]>([
    [
      { intraOpNumThreads: Number.NaN },
      'invalid-argument',
      /intraOpNumThreads must be a whole number.*not NaN/,
    ],
    [{ intraOpNumThreads: -1 }, 'invalid-argument', /intraOpNumThreads .*not -1/],
    [{ interOpNumThreads: 1.5 }, 'invalid-argument', /interOpNumThreads/],
    [{ executorSpinUs: -1 }, 'invalid-argument', /executorSpinUs/],
    [{ callerWaitUs: Number.NaN }, 'invalid-argument', /callerWaitUs/],
    [{ graphOptimizationLevel: 'most' }, 'invalid-argument', /graphOptimizationLevel must be one of/],
    [{ executionMode: 1 }, 'invalid-argument', /executionMode/],
    [{ freeDimensionOverrides: { batch: 0 } }, 'invalid-argument', /freeDimensionOverrides\.batch/],
    [{ logSeverityLevel: 9 }, 'invalid-argument', /logSeverityLevel/],
    [{ enableMemPattern: 'yes' }, 'invalid-argument', /enableMemPattern must be true or false/],
    [{ threads: 4 }, 'invalid-argument', /There is no session option 'threads'/],
    [{ extra: { session: { a: Symbol.iterator } } }, 'invalid-argument', /extra\.session\.a/],
    [{ preferredOutputLocation: 'gpu-buffer' }, 'not-supported', /CPU memory only/],
    [{ enableGraphCapture: true }, 'not-supported', /enableGraphCapture/],
    [{ executionProviders: ['abacus'] }, 'invalid-argument', /no execution provider 'abacus'/],
    [{ executionProviders: ['qnn'] }, 'provider-unavailable', /has no execution provider 'qnn'/],
    [{ executionProviders: [{ name: 'cpu', speed: 1 }] }, 'invalid-argument', /speed/],
    [{ executionProviders: [{ name: 'cuda', deviceId: -1 }] }, 'invalid-argument', /deviceId/],
    [{ externalData: [{ path: 'w.bin', data: 5 }] }, 'invalid-argument', /w\.bin/],
  ])('%j', (options, code, text) => expectCode(create(good, options), code, text));

  test('an unknown provider lists the available ones', async () => {
    const error = await failure(create(good, { executionProviders: ['abacus'] }));
    expect(error.remedy).toMatch(/Available here: cpu/);
  });

  test('a missing provider library is named', async () => {
    const error = await failure(create(good, { executionProviders: ['cuda'] }));
    expect(error.code).toBe('provider-unavailable');
    expect(error.message).toMatch(/'cuda' needs lib\S+\.so\S*, which/);
    expect(error.remedy).toBeTruthy();
  });

  test('fallback takes the next provider and records why', async () => {
    const session = await create(good, { executionProviders: ['tensorrt', 'cuda', 'cpu'], fallback: true });
    expect(session.providers).toEqual(['cpu']);
    expect(session.skippedProviders.map((skipped) => [skipped.name, skipped.code])).toEqual([
      ['tensorrt', 'provider-unavailable'],
      ['cuda', 'provider-unavailable'],
    ]);
    expect(session.skippedProviders[1]?.reason).toMatch(/'cuda' needs lib/);
    await session.release();
  });

  test('fallback without a last resort is an error', () =>
    expectCode(
      create(good, { executionProviders: ['cuda'], fallback: true }),
      'provider-unavailable',
      /'cuda' needs lib/,
    ));

  test('fallback does not hide a broken model', () =>
    expectCode(
      create(new Uint8Array([1, 2, 3]), { executionProviders: ['cuda', 'cpu'], fallback: true }),
      'invalid-model',
      /ONNX Runtime/,
    ));
});

describe('runs', () => {
  let session: InferenceSession;
  const x = () => new Tensor('float32', [1, 2, 3], [1, 3]);
  const run = (...args: unknown[]): Promise<unknown> =>
    (session.run as (...args: unknown[]) => Promise<unknown>)(...args);

  beforeEach(async () => {
    session = await create(good);
  });
  // Nothing is lost: the session still works after each failure.
  afterEach(async () => {
    expect((await session.run({ x: x() })).y?.data).toEqual(Float32Array.of(1, 2, 3));
    await session.release();
  });

  test.each<[string, () => unknown[], RegExp]>([
    ['no feeds', () => [], /Feeds must be an object/],
    ['missing input', () => [{}], /input 'x' is missing/],
    ['wrong input name', () => [{ X: x() }], /input 'x' is missing/],
    ['one input too many', () => [{ x: x(), z: x() }], /no input 'z'/],
    ['no tensor', () => [{ x: 5 }], /input 'x' is float32, not number/],
    ['wrong type', () => [{ x: new Tensor('int32', [1, 2, 3], [1, 3]) }], /input 'x' is float32, not int32/],
    ['wrong rank', () => [{ x: new Tensor('float32', [1, 2, 3], [3]) }], /shape \[batch, 3\], not \[3\]/],
    [
      'wrong shape',
      () => [{ x: new Tensor('float32', [1, 2, 3, 4], [1, 4]) }],
      /shape \[batch, 3\], not \[1, 4\]/,
    ],
    ['dims that are none', () => [{ x: { type: 'float32', dims: 3, data: new Float32Array(3) } }], /not 3/],
    [
      'negative dims',
      () => [{ x: { type: 'float32', dims: [-1, 3], data: new Float32Array(3) } }],
      /at least 0/,
    ],
    [
      'NaN in dims',
      () => [{ x: { type: 'float32', dims: [Number.NaN, 3], data: new Float32Array(3) } }],
      /at least 0/,
    ],
    [
      'too little data',
      () => [{ x: { type: 'float32', dims: [2, 3], data: new Float32Array(5) } }],
      /needs 6 values, and 5/,
    ],
    [
      'data of another class',
      () => [{ x: { type: 'float32', dims: [1, 3], data: new Float64Array(3) } }],
      /no array of float32/,
    ],
    [
      'absurd batch',
      () => [{ x: { type: 'float32', dims: [1e15, 3], data: new Float32Array(3) } }],
      /needs 3000000000000000/,
    ],
    [
      'unthinkable batch',
      () => [{ x: { type: 'float32', dims: [2 ** 53 - 1, 3], data: new Float32Array(3) } }],
      /too large/,
    ],
    ['unknown output', () => [{ x: x() }, ['nope']], /no output 'nope'/],
    ['no output', () => [{ x: x() }, []], /at least one output/],
    [
      'output of another type',
      () => [{ x: x() }, { y: new Tensor('int32', [0, 0, 0], [1, 3]) }],
      /output 'y' is float32/,
    ],
    ['unknown run option', () => [{ x: x() }, { timeout: 3 }], /no run option 'timeout'/],
    ['NaN as log level', () => [{ x: x() }, { logSeverityLevel: Number.NaN }], /logSeverityLevel/],
    ['signal that is none', () => [{ x: x() }, { signal: {} }], /AbortSignal/],
  ])('%s', (_, args, text) => expectCode(run(...args()), 'invalid-argument', text));

  test('a transferred buffer', () => {
    const data = new Float32Array(3);
    const tensor = new Tensor('float32', data, [1, 3]);
    structuredClone(data.buffer, { transfer: [data.buffer] });
    return expectCode(run({ x: tensor }), 'invalid-argument', /transferred/);
  });

  test('a disposed tensor', () => {
    const tensor = x();
    tensor.dispose();
    return expectCode(run({ x: tensor }), 'invalid-argument', /disposed/);
  });

  test('a failure inside the model', async () => {
    const divide = model({
      nodes: [{ op: 'Reshape', inputs: ['x', 'shape'], outputs: ['y'] }],
      inputs: [
        { name: 'x', type: 'float32', shape: ['n'] },
        { name: 'shape', type: 'int64', shape: [1] },
      ],
      outputs: [{ name: 'y', type: 'float32', shape: ['m'] }],
    });
    const other = await create(divide);
    const feeds = { x: new Tensor('float32', [1, 2, 3], [3]), shape: new Tensor('int64', [2n], [1]) };
    const error = await failure(other.run(feeds));
    expect(error.message).toMatch(/^ONNX Runtime: .*Reshape/);
    expect(await other.run({ ...feeds, shape: new Tensor('int64', [3n], [1]) })).toHaveProperty('y');
    await other.release();
  });

  test('an output that is too large to be had', async () => {
    const huge = await create(
      model({
        nodes: [{ op: 'Expand', inputs: ['x', 'shape'], outputs: ['y'] }],
        inputs: [
          { name: 'x', type: 'float32', shape: [1] },
          { name: 'shape', type: 'int64', shape: [2] },
        ],
        outputs: [{ name: 'y', type: 'float32', shape: ['a', 'b'] }],
      }),
    );
    const feeds = {
      x: new Tensor('float32', [1], [1]),
      shape: new Tensor('int64', [2n ** 21n, 2n ** 21n], [2]),
    };
    await expectCode(huge.run(feeds), 'out-of-memory', /ONNX Runtime: /);
    await huge.release();
  });
});

describe('a released session', () => {
  test('refuses everything but release', async () => {
    const session = await create(good);
    await session.release();
    await session.release();
    const x = new Tensor('float32', [1, 2, 3], [1, 3]);
    await expectCode(session.run({ x }), 'session-released', /has been released/);
    expect(() => session.endProfiling()).toThrow(/released/);
    expect(() => session.startProfiling()).toThrow(/released/);
  });
});

describe('tensors', () => {
  const make =
    (...args: unknown[]) =>
    () =>
      new (Tensor as unknown as new (...args: unknown[]) => Tensor)(...args);
  test.each<[string, () => Tensor, RegExp]>([
    ['unknown type', make('complex64', [1]), /no tensor type 'complex64'/],
    ['fractional dims', make('float32', [1, 2], [0.5, 4]), /whole numbers/],
    ['dims that are too many', make('float32', [1, 2], [3]), /has 3 elements, not 2/],
    ['numbers as float16', make('float16', [1, 2]), /not converted to float16/],
    ['numbers as strings', make('string', [1, 2]), /must be strings/],
    ['text as int64', make('int64', ['a']), /cannot be made/],
    ['nothing', make(undefined), /cannot be told/],
    ['null as data', make('float32', null), /cannot be null/],
    ['wrong array', make('int32', new Float32Array(2)), /class Float32Array/],
  ])('%s', (_, build, text) => {
    expect(build).toThrow(MicrojouleError);
    expect(build).toThrow(text);
  });

  test('web, canvas and image helpers are not offered', async () => {
    const tensor = new Tensor('float32', [1]);
    for (const use of [
      () => tensor.toDataURL(),
      () => tensor.toImageData(),
      () => tensor.texture,
      () => tensor.gpuBuffer,
      () => tensor.mlTensor,
      () => Tensor.fromTexture(),
      () => Tensor.fromGpuBuffer(),
      () => Tensor.fromMLTensor(),
    ]) {
      expect(use).toThrow(expect.objectContaining({ code: 'not-supported' }));
    }
    await expect(Tensor.fromImage()).rejects.toMatchObject({ code: 'not-supported' });
  });
});
