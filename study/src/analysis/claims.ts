// The findings of Alizadeh and Castor (CAIN 2024, arXiv 2402.13640), from its abstract, as claims about pairs of cells.
import type { ModelName, Runtime } from '../types/table.js';
import type { PreparedCell } from './prepared.js';

export type Family = 'GPU' | 'CPU';

export interface Pair {
  /** Claimed to use less than `b`, or as much. */
  a: PreparedCell;
  b: PreparedCell;
}

export interface Claim {
  id: string;
  claim: string;
  /** What each pair is said to be. */
  relation: 'less' | 'same';
  /** `all` pairs, or more than half of them. */
  quantifier: 'all' | 'most';
  families: readonly Family[];
  /** What the table must have. */
  needs: string;
  pairs(cells: readonly PreparedCell[], largeBatch: number): Pair[];
}

const VISION: readonly ModelName[] = ['resnet50', 'mobilenetv2'];
const FRAMEWORKS: readonly Runtime[] = ['pytorch', 'tensorflow', 'mxnet'];

const sameGroup = ({ cell: a }: PreparedCell, { cell: b }: PreparedCell) =>
  a.model === b.model && a.batch === b.batch;

function pairsOf(
  cells: readonly PreparedCell[],
  isA: (cell: PreparedCell) => boolean,
  isB: (cell: PreparedCell, a: PreparedCell) => boolean,
): Pair[] {
  return cells
    .filter(isA)
    .flatMap((a) => cells.filter((b) => sameGroup(a, b) && isB(b, a)).map((b) => ({ a, b })));
}

const runs =
  (...runtimes: Runtime[]) =>
  ({ cell }: PreparedCell) =>
    runtimes.includes(cell.subject.runtime);

const within = (models: readonly ModelName[], batch: number | null) => (cell: PreparedCell) =>
  models.includes(cell.cell.model) && (batch === null || cell.cell.batch === batch);

export const CLAIMS: readonly Claim[] = [
  {
    id: 'mxnet-vision-batch-1',
    claim: 'MXNet beats PyTorch and TensorFlow for the vision models at batch 1.',
    relation: 'less',
    quantifier: 'all',
    families: ['GPU', 'CPU'],
    needs: 'MXNet beside PyTorch or TensorFlow, a vision model, batch 1',
    pairs: (cells) => {
      const some = cells.filter(within(VISION, 1));
      return pairsOf(some, runs('mxnet'), runs('pytorch', 'tensorflow'));
    },
  },
  {
    id: 'pytorch-mxnet-batch-64',
    claim: 'At batch 64 PyTorch and MXNet are practically indistinguishable.',
    relation: 'same',
    quantifier: 'all',
    families: ['GPU', 'CPU'],
    needs: 'PyTorch and MXNet, a vision model, a batch above 1',
    pairs: (cells, large) => pairsOf(cells.filter(within(VISION, large)), runs('pytorch'), runs('mxnet')),
  },
  {
    id: 'tensorflow-batch-64',
    claim: 'At batch 64 TensorFlow is outperformed consistently.',
    relation: 'less',
    quantifier: 'all',
    families: ['GPU', 'CPU'],
    needs: 'TensorFlow beside PyTorch or MXNet, a vision model, a batch above 1',
    pairs: (cells, large) =>
      pairsOf(cells.filter(within(VISION, large)), runs('pytorch', 'mxnet'), runs('tensorflow')),
  },
  {
    id: 'pytorch-bert',
    claim: 'For BERT PyTorch is best.',
    relation: 'less',
    quantifier: 'all',
    families: ['GPU', 'CPU'],
    needs: 'PyTorch beside TensorFlow or MXNet, BERT-base',
    pairs: (cells) =>
      pairsOf(cells.filter(within(['bert-base'], null)), runs('pytorch'), runs('tensorflow', 'mxnet')),
  },
  {
    id: 'onnx-helps',
    claim: 'Converting to ONNX helps in the majority of cases.',
    relation: 'less',
    quantifier: 'most',
    families: ['GPU', 'CPU'],
    needs: 'ONNX Runtime beside a framework',
    pairs: onnxPairs,
  },
  {
    id: 'tensorrt-cuda',
    claim: 'TensorRT always outperforms CUDA.',
    relation: 'less',
    quantifier: 'all',
    families: ['GPU'],
    needs: 'ONNX Runtime with TensorRT and with CUDA',
    pairs: (cells) =>
      pairsOf(
        cells.filter(runs('onnxruntime')),
        ({ cell }) => cell.subject.provider === 'tensorrt',
        ({ cell }, a) => cell.subject.provider === 'cuda' && sourceOf(a) === sourceOf({ cell }),
      ),
  },
];

const sourceOf = ({ cell }: Pick<PreparedCell, 'cell'>) => cell.subject.source ?? 'built-in';

/** A framework's own export against it; where the table has none, the built-in file of the same weights. */
function onnxPairs(cells: readonly PreparedCell[]): Pair[] {
  const onnx = cells.filter(
    ({ cell }) => cell.subject.runtime === 'onnxruntime' && cell.subject.provider !== 'tensorrt',
  );
  return FRAMEWORKS.flatMap((framework) => {
    const exported = onnx.filter((cell) => sourceOf(cell) === framework);
    const files = exported.length > 0 ? exported : onnx.filter((cell) => sourceOf(cell) === 'built-in');
    return pairsOf([...files, ...cells.filter(runs(framework))], runs('onnxruntime'), runs(framework));
  });
}
