export { ERROR_CODES, type ErrorCode, MicrojouleError } from './errors.js';
export { mark } from './mark.js';
export { InferenceSession } from './session.js';
export { Tensor, type TensorConstructor, type TypedTensor } from './tensor.js';
export type * from './types/energy.js';
export type * from './types/measure.js';
export type * from './types/meter.js';
export type * from './types/onnx.js';
export type * from './types/probe.js';
