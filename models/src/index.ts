export { listModels, type ModelDescription, type ModelName } from './architectures.js';
export { normals, toHalf, uniformIntegers } from './arrays.js';
export type { Precision } from './builder.js';
export type { CacheOptions } from './cache.js';
export { ModelsError, type ModelsErrorCode } from './errors.js';
export { type InputOptions, makeInputs, writeInputs } from './inputs.js';
export {
  cachedModel,
  type ModelOptions,
  type WriteOptions,
  type WrittenModel,
  writeModel,
} from './models.js';
export { encodeNpy, type InputTensor } from './npy.js';
export type { Progress } from './write.js';
