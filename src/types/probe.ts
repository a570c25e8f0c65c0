import type { ErrorCode } from '../errors.js';
import type { RaplCause } from '../rapl-causes.js';
import type { BoardCalibration, BoardState, CalibrateOptions, CalibrationRun } from './calibration.js';
import type { Quantity, Scope } from './energy.js';
import type { RaplInterface, Roots } from './meter.js';

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
      /** Whether reading it back to back changes what it counts; a calibration tests it. */
      disturbs: 'no' | 'yes' | 'not tested';
    }
  | { readable: false; code: ErrorCode; reason: string; remedy?: string }
);

/** A library that a provider needs, and the file that is taken for it; `null`: the loader's choice. */
export interface LibraryProbe {
  name: string;
  path: string | null;
}

/** `libraries`: what was found of CUDA's, cuDNN's and TensorRT's; empty for providers that need none. */
export type ProviderProbe = {
  name: string;
  libraries: LibraryProbe[];
} /** A model of one node ran on it, in a process of its own. */ & (
  | { usable: true }
  /** Everything that it needs was found, and it was not tried. */
  | { usable: null; reason: string }
  /** `missing`: the first library that is not there. */
  | { usable: false; code: ErrorCode; reason: string; remedy?: string; missing?: string }
);

export type RuntimeProbe =
  | {
      found: true;
      version: string;
      path: string;
      providers: ProviderProbe[];
      /** Where the libraries of CUDA, cuDNN and TensorRT were looked for, in order. */
      libraryFolders: { folder: string; source: string }[];
    }
  | { found: false; code: ErrorCode; reason: string; remedy?: string };

export interface GpuProbe {
  index: number;
  name: string;
  uuid: string;
  pciBusId: string;
  migEnabled: boolean | null;
  /** How it is set up; `null` where it could not be asked. */
  state: BoardState | null;
  /** Which figures of its counter a meter uses. */
  calibration: BoardCalibration;
}

/** `null`: the kernel does not tell. */
export interface ProcessorProbe {
  name: string | null;
  vendor: string | null;
  family: number | null;
  model: number | null;
  stepping: number | null;
  packages: number;
  logicalCpus: number;
  /** Of which this machine is a guest; `null`: of none. */
  hypervisor: string | null;
}

/** One of the three ways to the processor's counters: can it be read here, and if not, why and what mends it. */
export type RaplInterfaceProbe = { interface: RaplInterface } & (
  | { usable: true; cause: 'filtered' | 'virtual-machine' | null; note?: string }
  | { usable: false; cause: RaplCause; code: ErrorCode; reason: string; remedy?: string }
);

/** The facts that decide who may read counters. `null`: not told. */
export interface SystemProbe {
  process: {
    /** Effective user id. */
    uid: number | null;
    /** Effective ones, of those that matter to counters. */
    capabilities: string[] | null;
    /** What no process started from here can have more than. */
    boundingCapabilities: string[] | null;
    noNewPrivileges: boolean | null;
    seccompFilter: boolean | null;
    userNamespace: boolean | null;
    /** The binary that runs this process: node. */
    program: string | null;
    /** File capabilities of that binary. */
    programCapabilities: string[] | null;
  };
  kernel: {
    release: string | null;
    perfEventParanoid: number | null;
    lockdown: 'none' | 'integrity' | 'confidentiality' | null;
    /** The module behind each interface, by the name that this kernel gives it. */
    modules: Record<
      RaplInterface,
      { name: string; state: 'loaded' | 'built-in' | 'available' | 'missing' | null }
    >;
  };
  container: 'none' | 'docker' | 'podman' | 'kubernetes' | 'other' | null;
}

export interface RaplProbe {
  /** The interface that a meter reads unless it is told which. */
  chosen: RaplInterface | null;
  interfaces: RaplInterfaceProbe[];
  system: SystemProbe;
}

/** What two interfaces said of one scope over one window. */
export type CrossCheckedScope = { id: string; scope: Scope; between: [RaplInterface, RaplInterface] } & (
  | {
      energies: [Quantity, Quantity];
      /** First less second, with the half-width of its 95 % interval. */
      difference: Quantity;
      /** Difference over its half-width: up to 1 the two agree. */
      normalisedError: number;
      agrees: boolean;
    }
  | { agrees: null; reason: string }
);

/** The processor's counters read through several interfaces over the same window. */
export type CrossCheck =
  | { possible: true; durationMs: number; scopes: CrossCheckedScope[] }
  | { possible: false; reason: string };

export interface ProbeReport {
  platform: string;
  node: string;
  microjoule: string;
  processor: ProcessorProbe;
  gpus: GpuProbe[];
  driver: { nvml: string | null; cuda: string | null };
  counters: CounterProbe[];
  rapl: RaplProbe;
  /** Only where it was asked for. */
  crossCheck?: CrossCheck;
  /** Only where it was asked for: each board. */
  calibrated?: CalibrationRun[];
  onnxruntime: RuntimeProbe;
  simulated: boolean;
}

export interface ProbeOptions {
  roots?: Roots;
  /**
   * Measures the cost of each call and tries each execution provider in a process of its own; off, nothing but
   * existence is looked at. Default true.
   */
  timing?: boolean;
  /** Reads two interfaces of the processor's counters at once for some seconds, under load of its own. Default false. */
  crossCheck?: boolean;
  /**
   * Calibrates GPU boards first: some two minutes of bursts a board, which should be idle else. What is found is kept for
   * this board as it is set up now, and every meter uses it. Default: none is calibrated.
   */
  calibrate?: boolean | CalibrateOptions;
  onnxruntime?: string;
  /** Where the libraries of CUDA, cuDNN and TensorRT are looked for first, as in SessionOptions. */
  libraryFolders?: readonly string[];
  /** How long the trial of an execution provider may take. Default 90 000. */
  trialTimeoutMs?: number;
}
