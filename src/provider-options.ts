// Single options of a provider in the form that the addon takes.
import type { NativeProvider } from './native.js';

/** The last value that is given, as ONNX Runtime takes it, and whether it means yes. */
export function optionOf(
  { keys, values }: NativeProvider,
  key: string,
): { value: string; on: boolean } | undefined {
  const at = keys.lastIndexOf(key);
  if (at < 0) return undefined;
  const value = values[at] as string;
  return { value, on: /^(1|true)$/i.test(value) };
}

/** The provider with this value in place of any other. */
export function withOption(provider: NativeProvider, key: string, value: string): NativeProvider {
  const { keys, values } = provider;
  const kept = keys.map((_, i) => i).filter((i) => keys[i] !== key);
  return {
    ...provider,
    keys: [...kept.map((i) => keys[i] as string), key],
    values: [...kept.map((i) => values[i] as string), value],
  };
}
