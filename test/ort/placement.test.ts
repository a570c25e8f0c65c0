// Which provider took which nodes, and graphs, as far as a machine without a GPU shows it.
import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { InferenceSession, Tensor } from '../../src/index.js';
import { root } from '../helpers/child.js';
import { binary, chain, model, unary } from '../helpers/onnx-model.js';

const profilesLeft = () =>
  readdirSync(tmpdir()).filter((name) => name.startsWith(`microjoule-placement-${process.pid}`));

describe('placement', () => {
  test('is told by ONNX Runtime', async () => {
    const session = await InferenceSession.create(chain(4, 3));
    expect(session.placement).toEqual({
      known: true,
      source: 'assignment',
      nodes: { cpu: 3 },
      names: { cpu: ['MatMul', 'MatMul', 'MatMul'] },
    });
    await session.release();
  });

  test('comes from a profiled trial where that is asked for, which leaves no file', async () => {
    const session = await InferenceSession.create(binary('Add', 'float32', [2]), { placement: 'profile' });
    expect(session.placement).toMatchObject({ known: true, source: 'profile', nodes: { cpu: 1 } });
    expect(session.placement.names.cpu?.[0]).toMatch(/\(Add\)$/);
    expect(profilesLeft()).toEqual([]);
    const x = new Tensor('float32', [1, 2], [2]);
    expect((await session.run({ x, y: x })).z?.data).toEqual(Float32Array.of(2, 4));
    await session.release();
  });

  test('a trial takes strings and half precision', async () => {
    for (const type of ['string', 'float16'] as const) {
      const session = await InferenceSession.create(unary('Identity', type, [3]), { placement: 'profile' });
      expect(session.placement.known).toBe(true);
      await session.release();
    }
  });

  test('a trial needs fixed shapes, which overrides give', async () => {
    const bytes = unary('Neg', 'float32', ['n']);
    await expect(InferenceSession.create(bytes, { placement: 'profile' })).rejects.toMatchObject({
      code: 'not-supported',
      message: expect.stringContaining('[n]'),
      remedy: expect.stringContaining('freeDimensionOverrides'),
    });
    expect(profilesLeft()).toEqual([]);
    const session = await InferenceSession.create(bytes, {
      placement: 'profile',
      freeDimensionOverrides: { n: 4 },
    });
    expect(session.placement.nodes).toEqual({ cpu: 1 });
    await session.release();
  });

  test('options that do not go together are refused', async () => {
    const create = (options: object) => InferenceSession.create(unary('Neg', 'float32', [1]), options);
    await expect(create({ placement: 'guess' })).rejects.toThrow(/placement must be one of profile/);
    await expect(create({ placement: 'profile', enableProfiling: true })).rejects.toThrow(
      /profile of its own/,
    );
  });

  test('is told by the release before, too', () => {
    const code = `
      const { InferenceSession } = require(${JSON.stringify(join(root, 'dist/index.js'))});
      (async () => {
        for (const placement of [undefined, 'profile']) {
          const session = await InferenceSession.create(new Uint8Array(${JSON.stringify([...chain(4, 3)])}), {
            onnxruntime: ${JSON.stringify(join(root, 'node_modules/onnxruntime-node-previous'))}, placement, strict: true });
          console.log(session.runtime.version, JSON.stringify(session.placement.nodes), session.placement.source);
          await session.release();
        }
      })();`;
    const out = execFileSync(process.execPath, ['-e', code], { encoding: 'utf8' });
    expect(out).toBe('1.29.0 {"cpu":3} assignment\n1.29.0 {"cpu":3} profile\n');
  });
});

describe('strict', () => {
  test('takes a session all of whose nodes are where they were asked for', async () => {
    const session = await InferenceSession.create(chain(4, 3), { strict: true, executionProviders: ['cpu'] });
    expect(session.placement.nodes).toEqual({ cpu: 3 });
    await session.release();
  });
});

describe('a graph', () => {
  test('is refused without a provider that captures', async () => {
    await expect(
      InferenceSession.create(unary('Neg', 'float32', [1]), { enableGraphCapture: true }),
    ).rejects.toMatchObject({ code: 'not-supported', remedy: expect.stringContaining("['cuda']") });
  });
});

test('control flow and shape computations are told by name', async () => {
  const session = await InferenceSession.create(
    model({
      nodes: [
        { op: 'Shape', inputs: ['x'], outputs: ['s'] },
        { op: 'ConstantOfShape', inputs: ['s'], outputs: ['y'] },
      ],
      inputs: [{ name: 'x', type: 'float32', shape: ['n'] }],
      outputs: [{ name: 'y', type: 'float32', shape: ['n'] }],
    }),
  );
  expect(session.placement.names.cpu).toEqual(['Shape', 'ConstantOfShape']);
  await session.release();
});
