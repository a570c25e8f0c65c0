import { readNpy } from '../npy.js';
import type { Agreement } from '../types/journal.js';
import type { LoadAnswer } from '../types/protocol.js';
import type { RunTable } from '../types/table.js';

export type Paths = Readonly<Record<string, string>>;

/** Outputs against the reference's, relative to the largest value of each; the worst output counts. */
export function agreementOf(outputs: Paths, reference: Paths, tolerance: number): Agreement {
  const given = Object.keys(outputs);
  let worst = 0;
  for (const [i, name] of Object.keys(reference).entries()) {
    // An exporter may have named them its own way: then it is the order that tells.
    const path =
      outputs[name] ??
      (given.length === Object.keys(reference).length ? outputs[given[i] as string] : undefined);
    if (path === undefined) return { compared: false, reason: `There is no output '${name}'.` };
    const error = relativeError(readNpy(path), readNpy(reference[name] as string));
    if (error === undefined) return { compared: false, reason: `Output '${name}' has another shape.` };
    worst = Math.max(worst, error);
  }
  return { compared: true, error: worst, tolerance, agrees: worst <= tolerance };
}

type Values = { dims: readonly number[]; data: Float32Array | BigInt64Array };

/** A value that is no number is as wrong as can be: 1e9, since JSON has no infinity. */
function relativeError(a: Values, b: Values): number | undefined {
  if (a.dims.join() !== b.dims.join()) return undefined;
  let largest = 0;
  let difference = 0;
  for (let i = 0; i < b.data.length; i += 1) {
    const [x, y] = [Number(a.data[i]), Number(b.data[i])];
    if (!Number.isFinite(x)) return 1e9;
    largest = Math.max(largest, Math.abs(y));
    difference = Math.max(difference, Math.abs(x - y));
  }
  return difference / (largest || 1);
}

/** Whether outputs can be compared at all. */
export function comparable({
  weights,
  sameArchitecture,
}: Pick<LoadAnswer, 'weights' | 'sameArchitecture'>): Agreement | undefined {
  if (weights === 'own') return { compared: false, reason: 'The runtime uses weights of its own.' };
  if (!sameArchitecture) return { compared: false, reason: 'The architecture is another one.' };
  return undefined;
}

/** A GPU that does not tell whether it used TF32 may have. */
export function toleranceFor({ precision, deviceUuid }: LoadAnswer, bounds: RunTable['agreement']): number {
  if (precision.fp16 === true) return bounds.fp16;
  if (deviceUuid !== null && precision.tf32 !== false) return bounds.tf32;
  return bounds.fp32;
}
