// Inputs and outputs of a run against the model's metadata. This is the way of every run: it allocates little.
import { invalidArgument } from './errors.js';
import type { NativeFeed, NativeValueInfo } from './native.js';
import { arrayOf, dataLength, elementCount, nativeData } from './tensor-data.js';
import type { Feeds, TensorLike, TensorType } from './types/onnx.js';

/** One input or output of the model, with what a run needs of it worked out beforehand. */
export interface Port {
  readonly index: number;
  readonly name: string;
  readonly isTensor: boolean;
  readonly type: TensorType;
  /** -1: free. */
  readonly dims: readonly number[];
  readonly symbols: readonly string[];
  readonly fixed: boolean;
  /** Length of the data where all dimensions are fixed. */
  readonly length: number;
  readonly array: ReturnType<typeof arrayOf>;
}

export function makePort(info: NativeValueInfo, index: number): Port {
  const type = info.type as TensorType;
  const known = info.isTensor && info.type !== '';
  const fixed = info.isTensor && info.dims.every((dim) => dim >= 0);
  return {
    index,
    name: info.name,
    isTensor: info.isTensor,
    type,
    dims: Object.freeze(info.dims),
    symbols: info.symbols,
    fixed,
    length: known && fixed ? dataLength(type, elementCount(info.dims)) : 0,
    array: known ? arrayOf(type) : undefined,
  };
}

/** Checks the feeds and puts them in the addon's form. */
export function readFeeds(ports: readonly Port[], feeds: Feeds): NativeFeed {
  if (typeof feeds !== 'object' || feeds === null) {
    throw invalidArgument('Feeds must be an object of tensors by input name.', listNames('inputs', ports));
  }
  const list: NativeFeed = [];
  for (let i = 0; i < ports.length; i++) {
    const port = ports[i] as Port;
    const tensor = feeds[port.name];
    if (tensor === undefined || tensor === null) {
      throw invalidArgument(`The input '${port.name}' is missing.`, listNames('inputs', ports));
    }
    pushTensor(list, i, port, tensor, 'input');
  }
  let given = 0;
  for (const name in feeds) if (feeds[name] !== undefined) given++;
  if (given > ports.length) throw unknownName(ports, feeds);
  return list;
}

/** The same of a part of the inputs. */
export function readSomeFeeds(ports: readonly Port[], feeds: Feeds): NativeFeed {
  if (typeof feeds !== 'object' || feeds === null) {
    throw invalidArgument('Feeds must be an object of tensors by input name.', listNames('inputs', ports));
  }
  const list: NativeFeed = [];
  for (const [name, tensor] of Object.entries(feeds)) {
    if (tensor === undefined || tensor === null) continue;
    const index = ports.findIndex((port) => port.name === name);
    if (index < 0) throw unknownName(ports, feeds);
    pushTensor(list, index, ports[index] as Port, tensor, 'input');
  }
  return list;
}

function unknownName(ports: readonly Port[], feeds: Feeds): Error {
  const extra = Object.keys(feeds).find((name) => !ports.some((port) => port.name === name));
  return invalidArgument(`The model has no input '${extra}'.`, listNames('inputs', ports));
}

/** Appends position, data and dims of a checked tensor. */
export function pushTensor(
  list: NativeFeed,
  position: number,
  port: Port,
  tensor: TensorLike,
  role: string,
): void {
  const { type, dims } = tensor;
  if (type !== port.type) throw wrongType(port, tensor, role);
  const fixed = matchDims(port, dims, role);
  // `data` throws by itself where the tensor is another library's and lives elsewhere.
  const raw = tensor.data;
  const data = port.array !== undefined && raw instanceof port.array ? raw : nativeData(type, raw);
  if (data === undefined)
    throw invalidArgument(`The data of the ${role} '${port.name}' is no array of ${type}.`);
  const length = fixed ? port.length : dataLength(type, elementCount(dims));
  if (data.length !== length) throw wrongLength(port, dims, data.length, length, role);
  list.push(
    position,
    data as Exclude<NativeFeed[number], number | undefined>,
    fixed && role === 'input' ? undefined : dims,
  );
}

/** True where the model's dimensions are all fixed and these are they. */
function matchDims(port: Port, dims: readonly number[], role: string): boolean {
  const own = port.dims;
  let matches = Array.isArray(dims) && dims.length === own.length;
  for (let i = 0; matches && i < own.length; i++) {
    const dim = own[i] as number;
    matches = dim < 0 || dim === dims[i];
  }
  if (!matches) throw wrongShape(port, dims, role);
  return port.fixed;
}

function wrongType(port: Port, tensor: TensorLike, role: string): Error {
  if (!port.isTensor)
    return invalidArgument(`The ${role} '${port.name}' is no tensor, which is not supported.`);
  const given = typeof tensor === 'object' ? (tensor.type ?? 'no tensor') : typeof tensor;
  return invalidArgument(`The ${role} '${port.name}' is ${port.type}, not ${String(given)}.`);
}

function wrongShape(port: Port, dims: readonly number[], role: string): Error {
  const given = Array.isArray(dims) ? `[${dims.join(', ')}]` : String(dims);
  const more = port.dims.some((dim) => dim < 0) ? ' Named dimensions are free.' : '';
  return invalidArgument(
    `The ${role} '${port.name}' has the shape [${shapeOf(port).join(', ')}], not ${given}.${more}`,
  );
}

function wrongLength(
  port: Port,
  dims: readonly number[],
  given: number,
  wanted: number,
  role: string,
): Error {
  const transferred = given === 0 ? ' Its buffer may have been transferred.' : '';
  return invalidArgument(
    `The ${role} '${port.name}' of dimensions [${dims.join(', ')}] needs ${wanted} values, and ${given} are given.${transferred}`,
  );
}

function listNames(what: string, ports: readonly Port[]): string {
  return `The ${what} of this model: ${ports.map((port) => `${port.name} ${port.type}[${shapeOf(port).join(', ')}]`).join('; ')}.`;
}

/** Dimensions as metadata give them: free ones by name. */
export function shapeOf(port: Port): (number | string)[] {
  return port.dims.map((dim, i) => (dim < 0 ? (port.symbols[i] ?? '') : dim));
}

/** Index of an output by name. */
export function outputIndex(ports: readonly Port[], name: string): number {
  for (let i = 0; i < ports.length; i++) if ((ports[i] as Port).name === name) return i;
  throw invalidArgument(`The model has no output '${name}'.`, listNames('outputs', ports));
}
