import type { ErrorCode } from '../errors.js';
import type { Scope } from './energy.js';
import type { Roots } from './meter.js';

/** One counter: can it be read here, and if not, why and what mends it. */
export type CounterProbe = {
  id: string;
  scope: Scope | null;
  source: string;
  method: string;
} & (
  | {
      readable: true;
      unit: 'J' | 'W';
      /** Smallest change of the reading, in `unit`. */
      resolution: number | null;
      updatePeriodMs: number | null;
      /** Cost of one call on this machine, microseconds. */
      callUs: { p50: number; p99: number; calls: number } | null;
      disturbs: 'no' | 'yes' | 'not tested';
    }
  | { readable: false; code: ErrorCode; reason: string; remedy?: string }
);

export type ProviderProbe = { name: string } & (
  | { usable: true }
  | { usable: false; code: ErrorCode; reason: string; remedy?: string; missing?: string }
);

export type RuntimeProbe =
  | { found: true; version: string; path: string; providers: ProviderProbe[] }
  | { found: false; code: ErrorCode; reason: string; remedy?: string };

export interface GpuProbe {
  index: number;
  name: string;
  uuid: string;
  pciBusId: string;
  migEnabled: boolean | null;
}

export interface ProbeReport {
  platform: string;
  node: string;
  microjoule: string;
  gpus: GpuProbe[];
  driver: { nvml: string | null; cuda: string | null };
  counters: CounterProbe[];
  onnxruntime: RuntimeProbe;
  simulated: boolean;
}

export interface ProbeOptions {
  roots?: Roots;
  /** Measures the cost of each call; off, nothing but existence is looked at. Default true. */
  timing?: boolean;
  onnxruntime?: string;
}
