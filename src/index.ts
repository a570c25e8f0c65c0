// For consumers whose lib has no Symbol.asyncDispose: the published types carry their own.
/// <reference lib="esnext.disposable" preserve="true" />
export { Binding } from './binding.js';
export { breakEven, paidAfter } from './break-even.js';
export { compare } from './compare.js';
export { ERROR_CODES, type ErrorCode, MicrojouleError } from './errors.js';
export { mark } from './mark.js';
export { Meter } from './meter.js';
export { type PhaseLengthsOptions, phaseLengths } from './phase-lengths.js';
export { probe } from './probe.js';
export { RAPL_CAUSES, type RaplCause } from './rapl-causes.js';
export { InferenceSession } from './session.js';
export { sumEnergies } from './sum.js';
export { Tensor, type TensorConstructor, type TypedTensor } from './tensor.js';
export type * from './types/attribution.js';
export type * from './types/calibration.js';
export type * from './types/energy.js';
export type * from './types/engine.js';
export type * from './types/measure.js';
export type * from './types/meter.js';
export type * from './types/onnx.js';
export type * from './types/phases.js';
export type * from './types/precision.js';
export type * from './types/probe.js';
