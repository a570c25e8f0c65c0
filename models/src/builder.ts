import { ModelsError } from './errors.js';
import { toFloat16 } from './float16.js';
import { type AttributeValue, attribute, DataType, embeddedTensor, type NodeInit, type TensorInit, value, type ValueInit } from './onnx.js';
import type { RandomStream } from './random.js';

export type Precision = 'fp32' | 'fp16';

/** Writes the values of whole rows (slices of the first axis) from `firstRow` on; called in order, once for each. */
export type Fill = (rows: Float32Array, firstRow: number) => void;

/** A weight: its values are made when it is written, from a random stream of its own. */
export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
  /** Counts of batches are int64 in a state dict; everything else takes the model's precision. */
  readonly type: 'float' | 'int64';
  /** Trainable, as `parameters()` of PyTorch counts; running statistics are not. */
  readonly trainable: boolean;
  readonly fill: (random: RandomStream) => Fill;
}

export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, d) => product * d, 1);
}

/** Collects the nodes and weights of one model. Values are named after the module that makes them. */
export class ModelBuilder {
  readonly nodes: NodeInit[] = [];
  readonly constants: TensorInit[] = [];
  readonly inputs: ValueInit[] = [];
  readonly outputs: ValueInit[] = [];
  /** Shapes that inference could not find by itself. */
  readonly valueInfo: ValueInit[] = [];
  readonly parameters: Parameter[] = [];
  /** Multiply-adds of convolutions and matrix products, for one item. */
  multiplyAdds = 0;

  readonly #precision: Precision;

  constructor(precision: Precision) {
    this.#precision = precision;
  }

  get floatType(): DataType {
    return this.#precision === 'fp16' ? DataType.FLOAT16 : DataType.FLOAT;
  }

  /** A weight of the graph; returns its name, to be used as an input of a node. */
  parameter(name: string, shape: readonly number[], fill: Parameter['fill'], trainable = true): string {
    this.parameters.push({ name, shape, type: 'float', trainable, fill });
    return name;
  }

  /** A counter that state dicts hold and graphs do not. */
  unusedCounter(name: string): void {
    this.parameters.push({ name, shape: [], type: 'int64', trainable: false, fill: () => (rows) => rows.fill(0) });
  }

  node(
    opType: string,
    name: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
  ): string {
    const output = `${name}.output`;
    this.nodes.push({
      opType,
      name,
      input: [...inputs],
      output: [output],
      attribute: Object.entries(attributes).map(([key, v]) => attribute(key, v)),
    });
    return output;
  }

  /** A floating-point graph input is float32 in either precision, and cast at the border. */
  floatInput(name: string, shape: readonly (number | string)[]): string {
    this.inputs.push(value(name, DataType.FLOAT, shape));
    return this.#precision === 'fp16' ? this.node('Cast', `${name}.cast`, [name], { to: DataType.FLOAT16 }) : name;
  }

  int64Input(name: string, shape: readonly (number | string)[]): string {
    this.inputs.push(value(name, DataType.INT64, shape));
    return name;
  }

  /** Renames the result of the last node, or casts it to float32, so that it becomes a graph output. */
  floatOutput(name: string, from: string, shape: readonly (number | string)[]): void {
    this.outputs.push(value(name, DataType.FLOAT, shape));
    if (this.#precision === 'fp16') {
      const cast = this.node('Cast', `${name}.cast`, [from], { to: DataType.FLOAT });
      this.#rename(cast, name);
    } else {
      this.#rename(from, name);
    }
  }

  /** States the shape of a floating-point value. */
  shaped(name: string, shape: readonly (number | string)[]): string {
    this.valueInfo.push(value(name, this.floatType, shape));
    return name;
  }

  int64Constant(name: string, values: readonly number[]): string {
    const raw = new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
    this.constants.push(embeddedTensor(name, DataType.INT64, [values.length], raw));
    return name;
  }

  int64Scalar(name: string, x: number): string {
    const raw = new Uint8Array(BigInt64Array.of(BigInt(x)).buffer);
    this.constants.push(embeddedTensor(name, DataType.INT64, [], raw));
    return name;
  }

  floatConstant(name: string, x: number): string {
    const single = Float32Array.of(x);
    const raw = new Uint8Array((this.#precision === 'fp16' ? toFloat16(single) : single).buffer);
    this.constants.push(embeddedTensor(name, this.floatType, [], raw));
    return name;
  }

  /** A constant that many nodes share: made when it is first asked for. */
  sharedFloat(name: string, x: number): string {
    return this.constants.some((c) => c.name === name) ? name : this.floatConstant(name, x);
  }

  #rename(from: string, to: string): void {
    let made = false;
    for (const node of this.nodes) {
      const rename = (v: string) => (v === from ? to : v);
      made ||= node.output?.includes(from) ?? false;
      node.input = node.input?.map(rename) ?? [];
      node.output = node.output?.map(rename) ?? [];
    }
    if (!made) throw new ModelsError('internal', `no node of the graph makes ${from}.`);
  }
}
