// Which options of the TensorRT provider concern a cache, and which an engine depends on.
import { resolve } from 'node:path';
import { text } from '../check-options.js';
import { invalidArgument } from '../errors.js';
import { cacheFolder } from '../folders.js';
import type { NativeProvider } from '../native.js';

export const TENSORRT = 'tensorrt';

/** With any of these the user keeps engines in a way of his own. */
const OWN_CACHE = /^trt_(engine_cache_|ep_context_|dump_ep_context_model$)/;
const PROFILE = /^trt_profile_(min|opt|max)_shapes$/;
/** Options that name files, which are part of what is built. */
const FILES = ['trt_int8_calibration_table_name', 'trt_extra_plugin_lib_paths'];

/** The cache's folder, or undefined: no cache. */
export function readEngineCache(value: unknown, configured: readonly unknown[]): string | undefined {
  if (value === undefined || value === false) return undefined;
  if (value !== true && (typeof value !== 'string' || value === '')) {
    throw invalidArgument(`engineCache must be true, false or a folder, not ${JSON.stringify(value)}.`);
  }
  if (!configured.some((one) => one === TENSORRT || (one as { name?: unknown } | null)?.name === TENSORRT)) {
    throw invalidArgument(
      "engineCache is for the provider 'tensorrt', which is not in executionProviders.",
      "Give executionProviders: ['tensorrt'], or leave out engineCache.",
    );
  }
  return value === true ? cacheFolder('engines') : resolve(text('engineCache', value));
}

export interface SortedOptions {
  own: Record<string, string>;
  profiles: Record<string, string>;
  files: Record<string, string[]>;
  other: Record<string, string>;
}

export function sortOptions({ keys, values }: NativeProvider): SortedOptions {
  const sorted: SortedOptions = { own: {}, profiles: {}, files: {}, other: {} };
  keys.forEach((key, i) => {
    const value = values[i] as string;
    if (key === 'device_id') return;
    if (OWN_CACHE.test(key)) sorted.own[key] = value;
    else if (PROFILE.test(key)) sorted.profiles[key] = value;
    else sorted.other[key] = value;
    if (FILES.includes(key) && value !== '') sorted.files[key] = value.split(';');
  });
  return sorted;
}

export function refuseOwnCache({ own, files }: SortedOptions): void {
  const [named] = Object.keys(own);
  if (named !== undefined) {
    throw invalidArgument(
      `engineCache and ${named} are two caches for one engine.`,
      `Leave out engineCache, or ${Object.keys(own).join(', ')}.`,
    );
  }
  // The provider looks for it in trt_engine_cache_path, which is a folder of ours.
  const table = files.trt_int8_calibration_table_name?.[0];
  if (table !== undefined && !table.startsWith('/')) {
    throw invalidArgument(
      `With engineCache the provider looks for the calibration table '${table}' in a folder of the cache.`,
      'Give trt_int8_calibration_table_name as an absolute path.',
    );
  }
}

export function deviceOrdinal({ keys, values }: NativeProvider): number {
  const at = keys.indexOf('device_id');
  return at < 0 ? 0 : Number.parseInt(values[at] as string, 10) || 0;
}

/** The provider with its engines kept in `folder`. */
export function withCache(provider: NativeProvider, folder: string): NativeProvider {
  return {
    ...provider,
    keys: [...provider.keys, 'trt_engine_cache_enable', 'trt_engine_cache_path'],
    values: [...provider.values, '1', folder],
  };
}
