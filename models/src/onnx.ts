import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import {
  type AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  TensorProto_DataLocation as DataLocation,
  TensorProto_DataType as DataType,
  ModelProtoSchema,
  type NodeProtoSchema,
  type TensorProtoSchema,
  type ValueInfoProtoSchema,
} from './gen/onnx_pb.js';

export { DataType };

export type NodeInit = MessageInitShape<typeof NodeProtoSchema>;
export type TensorInit = MessageInitShape<typeof TensorProtoSchema>;
export type ValueInit = MessageInitShape<typeof ValueInfoProtoSchema>;

/** An attribute: a whole number is an INT, `{ float }` a FLOAT (JavaScript cannot tell 1 from 1.0). */
export type AttributeValue = number | readonly number[] | { readonly float: number };

export function attribute(
  name: string,
  value: AttributeValue,
): MessageInitShape<typeof AttributeProtoSchema> {
  if (typeof value === 'number') return { name, type: AttributeType.INT, i: BigInt(value) };
  if ('float' in value) return { name, type: AttributeType.FLOAT, f: value.float };
  return { name, type: AttributeType.INTS, ints: value.map(BigInt) };
}

/** A dimension is a number, or a name where it is free. */
export function value(name: string, type: DataType, shape: readonly (number | string)[]): ValueInit {
  const dim = shape.map((d) => ({
    value:
      typeof d === 'number'
        ? { case: 'dimValue' as const, value: BigInt(d) }
        : { case: 'dimParam' as const, value: d },
  }));
  return { name, type: { value: { case: 'tensorType', value: { elemType: type, shape: { dim } } } } };
}

export function embeddedTensor(
  name: string,
  dataType: DataType,
  shape: readonly number[],
  rawData: Uint8Array,
): TensorInit {
  return { name, dataType, dims: shape.map(BigInt), rawData };
}

export function externalTensor(
  name: string,
  dataType: DataType,
  shape: readonly number[],
  place: { file: string; offset: number; length: number },
): TensorInit {
  return {
    name,
    dataType,
    dims: shape.map(BigInt),
    dataLocation: DataLocation.EXTERNAL,
    externalData: [
      { key: 'location', value: place.file },
      { key: 'offset', value: String(place.offset) },
      { key: 'length', value: String(place.length) },
    ],
  };
}

export interface GraphInit {
  readonly name: string;
  readonly nodes: NodeInit[];
  readonly initializers: TensorInit[];
  readonly inputs: ValueInit[];
  readonly outputs: ValueInit[];
  readonly valueInfo: ValueInit[];
}

/** Opset 17 and the IR version that goes with it. */
export function encodeModel(graph: GraphInit, metadata: Readonly<Record<string, string>>): Uint8Array {
  const model = create(ModelProtoSchema, {
    irVersion: 8n,
    producerName: 'microjoule-models',
    opsetImport: [{ domain: '', version: 17n }],
    metadataProps: Object.entries(metadata).map(([key, text]) => ({ key, value: text })),
    graph: {
      name: graph.name,
      node: graph.nodes,
      initializer: graph.initializers,
      input: graph.inputs,
      output: graph.outputs,
      valueInfo: graph.valueInfo,
    },
  });
  return toBinary(ModelProtoSchema, model);
}
