/** How a setting is known. */
export type PrecisionSource =
  /** An option of the provider, or of the session, says so. */
  | 'option'
  /** None was given, and this is what the provider then does. */
  | 'default'
  /** NVIDIA_TF32_OVERRIDE=0, which stands above every option. */
  | 'environment'
  /** The provider has no such setting: it computes in the types that the model has. */
  | 'not-applicable'
  | 'unknown';

/** Whether a provider may compute in a smaller format what the model has in a larger one. */
export interface PrecisionSetting {
  /** Allowed is not used: that is chosen kernel by kernel. `null`: not known. */
  allowed: boolean | null;
  from: PrecisionSource;
  /** The option or variable with its value, or why it is not known. */
  detail?: string;
}

/** Of one provider. What the model's own tensors are (float16 weights, quantised nodes) is not in it. */
export interface Precision {
  /** float32 products and convolutions on tensor cores, with 10 bits of mantissa. */
  tf32: PrecisionSetting;
  fp16: PrecisionSetting;
  bf16: PrecisionSetting;
  int8: PrecisionSetting;
}
