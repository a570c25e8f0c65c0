import { elementCount, type Parameter, type Precision } from './builder.js';

export interface Placed {
  readonly parameter: Parameter;
  /** In bytes, from the beginning of the file. */
  readonly offset: number;
  readonly length: number;
}

export interface WeightsLayout {
  /** Length of the JSON header as 8 bytes, the header, and spaces up to a page. */
  readonly header: Buffer;
  readonly tensors: readonly Placed[];
  readonly fileSize: number;
}

/** ONNX asks for external data that begins on a page, so that it can be mapped. */
const PAGE = 4096;

const DTYPES = { fp32: ['F32', 4], fp16: ['F16', 2], int64: ['I64', 8] } as const;

/**
 * The safetensors file of these parameters. Floating-point tensors come first, in order, and the 8-byte counters last,
 * so that the counters do not move the others off their alignment.
 */
export function weightsLayout(parameters: readonly Parameter[], precision: Precision): WeightsLayout {
  const ordered = [
    ...parameters.filter((p) => p.type === 'float'),
    ...parameters.filter((p) => p.type === 'int64'),
  ];
  // "format" is what transformers' from_pretrained looks for.
  const entries: Record<string, unknown> = { __metadata__: { format: 'pt' } };
  const relative: Placed[] = [];
  let end = 0;
  for (const parameter of ordered) {
    const [dtype, width] = DTYPES[parameter.type === 'int64' ? 'int64' : precision];
    const length = elementCount(parameter.shape) * width;
    entries[parameter.name] = { dtype, shape: parameter.shape, data_offsets: [end, end + length] };
    relative.push({ parameter, offset: end, length });
    end += length;
  }
  const json = Buffer.from(JSON.stringify(entries));
  const dataStart = Math.ceil((8 + json.length) / PAGE) * PAGE;
  const header = Buffer.alloc(dataStart, ' ');
  header.writeBigUInt64LE(BigInt(dataStart - 8), 0);
  json.copy(header, 8);
  return {
    header,
    tensors: relative.map((t) => ({ ...t, offset: t.offset + dataStart })),
    fileSize: dataStart + end,
  };
}
