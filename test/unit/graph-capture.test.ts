import { describe, expect, test } from 'vitest';
import { makePort } from '../../src/feeds.js';
import {
  captureRefused,
  planGraph,
  refuseFreeDimensions,
  refusesCapture,
  withoutGraph,
} from '../../src/graph-capture.js';
import { MicrojouleError } from '../../src/index.js';

const provider = (name: string, options: Record<string, string> = {}) => ({
  name,
  keys: Object.keys(options),
  values: Object.values(options),
  folders: [],
});
const port = (dims: number[], symbols: string[]) =>
  makePort({ name: 'ids', isTensor: true, type: 'int64', dims, symbols }, 0);

describe('planning a graph', () => {
  test.each([
    ['cuda', 'enable_cuda_graph'],
    ['tensorrt', 'trt_cuda_graph_enable'],
  ])('of %s sets %s', (name, option) => {
    const asked = [provider(name, { device_id: '1', [option]: '0' }), provider('cpu')];
    expect(planGraph(asked, true)).toEqual({
      graph: true,
      providers: [provider(name, { device_id: '1', [option]: '1' }), provider('cpu')],
    });
    expect(withoutGraph(planGraph(asked, true).providers)).toEqual(asked);
  });

  test("the provider's own option is seen", () => {
    for (const [value, graph] of [
      ['1', true],
      ['True', true],
      ['0', false],
    ] as const) {
      expect(planGraph([provider('cuda', { enable_cuda_graph: value })], false).graph).toBe(graph);
    }
    expect(planGraph([provider('tensorrt'), provider('cuda', { enable_cuda_graph: '1' })], false).graph).toBe(
      false,
    );
  });

  test('any other first provider is refused', () => {
    expect(() => planGraph([provider('cpu')], true)).toThrow(/needs the provider 'cuda' or 'tensorrt'/);
  });
});

test('free dimensions are refused with what fixes them', () => {
  refuseFreeDimensions([port([1, 128], ['', ''])]);
  expect(() => refuseFreeDimensions([port([-1, -1], ['batch', 'sequence'])])).toThrow(
    expect.objectContaining({
      code: 'not-supported',
      message: expect.stringContaining('ids [batch, sequence]'),
      remedy: "Fix them: freeDimensionOverrides: { 'batch': …, 'sequence': … }.",
    }),
  );
});

test("ONNX Runtime's refusal becomes ours, with the nodes where they are known", () => {
  const theirs = new MicrojouleError(
    'ort-failure',
    'ONNX Runtime: This session cannot use the graph capture feature as requested by the user as all compute graph nodes have not been partitioned to the CUDAExecutionProvider.',
  );
  expect(refusesCapture(theirs)).toBe(true);
  expect(refusesCapture(new MicrojouleError('ort-failure', 'another'))).toBe(false);
  const ours = captureRefused('cuda', '1 node fell to cpu: s (Shape)', theirs);
  expect(ours).toMatchObject({
    code: 'not-supported',
    message: expect.stringContaining('s (Shape)'),
    cause: theirs,
  });
});
