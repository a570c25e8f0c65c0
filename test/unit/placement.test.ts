import { describe, expect, test } from 'vitest';
import { assignedPlacement, profiledPlacement, refuseFallen, tellsPlacement } from '../../src/placement.js';

const CUDA = 'CUDAExecutionProvider';
const CPU = 'CPUExecutionProvider';

describe('placement as ONNX Runtime assigned it', () => {
  test('counts and names by our names of providers', () => {
    expect(
      assignedPlacement([CUDA, 'c1', 'Conv', CPU, 's', 'Shape', CUDA, '', 'Relu', 'NewProvider', 'n', 'Op']),
    ).toEqual({
      known: true,
      source: 'assignment',
      nodes: { cuda: 2, cpu: 1, NewProvider: 1 },
      names: { cuda: ['c1 (Conv)', 'Relu'], cpu: ['s (Shape)'], NewProvider: ['n (Op)'] },
    });
  });

  test('names end at twenty a provider, counts do not', () => {
    const { nodes, names } = assignedPlacement(
      Array.from({ length: 500 }, (_, i) => [CUDA, `n${i}`, 'Add']).flat(),
    );
    expect(nodes).toEqual({ cuda: 500 });
    expect(names.cuda).toHaveLength(20);
  });

  test('nothing told is unknown', () => {
    expect(assignedPlacement([])).toEqual({ known: false, nodes: {}, names: {} });
  });

  test.each([
    ['1.23.2', false],
    ['1.24.0', true],
    ['1.30.0-dev', true],
    ['2.0.0', false],
    ['', false],
  ])('%s tells it without a trial: %s', (version, tells) => expect(tellsPlacement(version)).toBe(tells));
});

describe('placement from a profile', () => {
  const ran = (name: string, provider: string, index: string, op = 'Conv') => ({
    cat: 'Node',
    name: `${name}_kernel_time`,
    args: { op_name: op, provider, node_index: index },
  });

  test('each node once, however often it ran', () => {
    const events = [
      { cat: 'Session', name: 'model_run', args: {} },
      ran('a', CUDA, '1'),
      { ...ran('a', CUDA, '1'), name: 'a_fence_before' },
      ran('m', CPU, '2', 'MemcpyToHost'),
      ran('a', CUDA, '1'),
      ran('a', CUDA, '3'),
      { cat: 'Node', name: 'b_kernel_time', args: {} },
      null,
    ];
    expect(profiledPlacement(JSON.stringify(events))).toEqual({
      known: true,
      source: 'profile',
      nodes: { cuda: 2, cpu: 1 },
      names: { cuda: ['a (Conv)', 'a (Conv)'], cpu: ['m (MemcpyToHost)'] },
    });
  });

  test.each(['', '[', '{}', '[]', '[1]', 'null'])('%j is unknown', (text) => {
    expect(profiledPlacement(text)).toEqual({ known: false, nodes: {}, names: {} });
  });
});

describe('strict', () => {
  const placement = assignedPlacement([
    ...Array.from({ length: 22 }, (_, i) => [CPU, `s${i}`, 'Shape']).flat(),
    CUDA,
    'c',
    'Conv',
  ]);

  test('names the nodes that fell to another provider', () => {
    expect(() => refuseFallen(placement, ['cuda'])).toThrow(
      /^strict: 22 nodes fell to cpu: s0 \(Shape\), .*s19 \(Shape\), … \(2 more\), which was not asked for\.$/,
    );
    expect(() => refuseFallen(placement, ['tensorrt'])).toThrow(/1 node fell to cuda: c \(Conv\)/);
  });

  test('takes providers that were asked for, and what is not known', () => {
    refuseFallen(placement, ['cuda', 'cpu']);
    refuseFallen(assignedPlacement([]), ['cuda']);
  });
});
