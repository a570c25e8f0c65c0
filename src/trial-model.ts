/** y = x · x of 2 x 2 floats, as ONNX in base64: what an execution provider is tried with. */
export const TRIAL_MODEL =
  'CAoSEG1pY3Jvam91bGUtdGVzdHM6QAoRCgF4CgF4EgF5IgZNYXRNdWwSAWdaEwoBeBIOCgwIARIICgIIAgoCCAJiEwoBeRIOCgwIARIICgIIAgoCCAJCBAoAEA0=';
