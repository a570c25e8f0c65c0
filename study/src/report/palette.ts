// Colours of figures are names of the page's variables, so that one drawing serves light, dark and print. Series are those
// of Okabe and Ito (2008), darkened or lightened to stand 3 : 1 against the page, and told by their shapes too.
import type { CellResult } from '../analysis/types.js';

/** Stand-ins that Vega passes through as colours. */
const NAMES = {
  ink: '#0102a0',
  muted: '#0102a1',
  line: '#0102a2',
  band: '#0102a3',
  page: '#0102a4',
  pytorch: '#0102b0',
  tensorflow: '#0102b1',
  onnxruntime: '#0102b2',
  tensorrt: '#0102b3',
  mxnet: '#0102b4',
  gpu: '#0102b5',
  cpu: '#0102b6',
} as const;

export type ColourName = keyof typeof NAMES;
export const colour = (name: ColourName): string => NAMES[name];

export const withVariables = (svg: string): string =>
  Object.entries(NAMES).reduce((text, [name, hex]) => text.replaceAll(hex, `var(--${name})`), svg);

export type Series = 'pytorch' | 'tensorflow' | 'onnxruntime' | 'tensorrt' | 'mxnet';

/** As paths in a square of -1 to 1, which is how Vega takes them. */
const SHAPES: Record<Series, { name: string; path: string; svg: string }> = {
  pytorch: { name: 'PyTorch', path: 'circle', svg: '<circle cx="8" cy="8" r="5"/>' },
  tensorflow: { name: 'TensorFlow', path: 'square', svg: '<rect x="3.5" y="3.5" width="9" height="9"/>' },
  onnxruntime: { name: 'ONNX Runtime', path: 'diamond', svg: '<path d="M8 1.5 13 8 8 14.5 3 8z"/>' },
  tensorrt: { name: 'ONNX Runtime, TensorRT', path: 'triangle-up', svg: '<path d="M8 2 14 13.5H2z"/>' },
  mxnet: { name: 'MXNet', path: 'cross', svg: '<path d="M6 2h4v4h4v4h-4v4H6v-4H2V6h4z"/>' },
};

export const SERIES = Object.keys(SHAPES) as Series[];
export const seriesName = (series: Series): string => SHAPES[series].name;
export const symbolSvg = (series: Series): string => SHAPES[series].svg;
export const seriesOf = ({ runtime, provider }: Pick<CellResult, 'runtime' | 'provider'>): Series =>
  provider === 'tensorrt' ? 'tensorrt' : runtime;

export const colourScale = { domain: SERIES, range: SERIES.map(colour) };
export const shapeScale = { domain: SERIES, range: SERIES.map((series) => SHAPES[series].path) };
