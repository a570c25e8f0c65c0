// Session and run options: checked, with their defaults, in the form that the addon takes.
import {
  checkKeys,
  choice,
  finiteNumber,
  flattenConfig,
  plainObject,
  text,
  truth,
  wholeNumber,
} from './check-options.js';
import { invalidArgument, MicrojouleError } from './errors.js';
import type { NativeRunSettings, NativeSessionOptions } from './native.js';
import type { AbortSignalLike } from './types/meter.js';
import type { RunOptions, SessionOptions } from './types/onnx.js';

const SESSION_OPTIONS = [
  'executionProviders',
  'fallback',
  'strict',
  'placement',
  'tf32',
  'intraOpNumThreads',
  'interOpNumThreads',
  'freeDimensionOverrides',
  'graphOptimizationLevel',
  'enableCpuMemArena',
  'enableMemPattern',
  'executionMode',
  'optimizedModelFilePath',
  'enableProfiling',
  'profileFilePrefix',
  'logId',
  'logSeverityLevel',
  'logVerbosityLevel',
  'preferredOutputLocation',
  'externalData',
  'enableGraphCapture',
  'engineCache',
  'signal',
  'extra',
  'onnxruntime',
  'libraryFolders',
  'runsOn',
  'executorSpinUs',
  'callerWaitUs',
] as const satisfies readonly (keyof SessionOptions)[];

const RUN_OPTIONS = [
  'logSeverityLevel',
  'logVerbosityLevel',
  'terminate',
  'tag',
  'extra',
  'signal',
] as const satisfies readonly (keyof RunOptions)[];

const OPTIMIZATION = { disabled: 0, basic: 1, extended: 2, layout: 3, all: 99 } as const;
const EXECUTION_MODE = { sequential: 0, parallel: 1 } as const;
/** Nothing is logged: every failure is an error of ours. */
const LOG_FATAL = 4;
const INT_MAX = 0x7fffffff;

/** Everything but the library, the model, its external data and the providers. */
export type CommonSessionOptions = Omit<
  NativeSessionOptions,
  'library' | 'modelPath' | 'modelBytes' | 'providers' | 'externalData'
>;

export function readSessionOptions(options: SessionOptions): CommonSessionOptions {
  checkKeys('session option', options, SESSION_OPTIONS);
  refuseUnsupported(options);
  checkSignal(options.signal);
  const config =
    options.extra === undefined ? { keys: [], values: [] } : flattenConfig('extra', options.extra);
  const free = Object.entries(plainObject('freeDimensionOverrides', options.freeDimensionOverrides ?? {}));
  return {
    fallback: options.fallback === undefined ? false : truth('fallback', options.fallback),
    intraOpThreads: threads('intraOpNumThreads', options.intraOpNumThreads),
    interOpThreads: threads('interOpNumThreads', options.interOpNumThreads),
    graphOptimizationLevel: choice(
      'graphOptimizationLevel',
      options.graphOptimizationLevel ?? 'all',
      OPTIMIZATION,
    ),
    executionMode: choice('executionMode', options.executionMode ?? 'sequential', EXECUTION_MODE),
    cpuMemArena: truth('enableCpuMemArena', options.enableCpuMemArena ?? true),
    memPattern: truth('enableMemPattern', options.enableMemPattern ?? true),
    ...profilePrefix(options),
    ...(options.optimizedModelFilePath === undefined
      ? {}
      : { optimizedModelPath: text('optimizedModelFilePath', options.optimizedModelFilePath) }),
    ...(options.logId === undefined ? {} : { logId: text('logId', options.logId) }),
    logSeverity: wholeNumber('logSeverityLevel', options.logSeverityLevel ?? LOG_FATAL, 0, LOG_FATAL),
    logVerbosity: wholeNumber('logVerbosityLevel', options.logVerbosityLevel ?? 0, 0, INT_MAX),
    freeDimensions: {
      names: free.map(([name]) => name),
      values: free.map(([name, value]) => wholeNumber(`freeDimensionOverrides.${name}`, value, 1)),
    },
    config,
    executorSpinNs: Math.round(1000 * finiteNumber('executorSpinUs', options.executorSpinUs ?? 50)),
    callerWaitNs: Math.round(1000 * finiteNumber('callerWaitUs', options.callerWaitUs ?? 20)),
  };
}

function threads(name: string, value: number | undefined): number {
  return value === undefined ? 0 : wholeNumber(name, value, 0, 4096);
}

function profilePrefix(options: SessionOptions): { profilePrefix?: string } {
  const prefix =
    options.profileFilePrefix === undefined
      ? 'onnxruntime_profile'
      : text('profileFilePrefix', options.profileFilePrefix);
  const enabled =
    options.enableProfiling === undefined ? false : truth('enableProfiling', options.enableProfiling);
  return enabled ? { profilePrefix: prefix === '' ? 'onnxruntime_profile' : prefix } : {};
}

function refuseUnsupported(options: SessionOptions): void {
  const location = options.preferredOutputLocation;
  const locations =
    typeof location === 'object' && location !== null ? Object.values(location) : [location ?? 'cpu'];
  if (locations.some((place) => place !== 'cpu')) {
    throw new MicrojouleError(
      'not-supported',
      "Outputs are given in CPU memory only: preferredOutputLocation must be 'cpu'.",
    );
  }
}

function checkSignal(signal: AbortSignalLike | undefined): void {
  if (signal !== undefined && typeof signal?.addEventListener !== 'function') {
    throw invalidArgument('signal must be an AbortSignal.');
  }
}

/** The addon's settings, or undefined where all are defaults. */
export function readRunOptions(options: RunOptions): NativeRunSettings | undefined {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw invalidArgument('Run options must be an object.');
  }
  checkKeys('run option', options, RUN_OPTIONS);
  const { logSeverityLevel, logVerbosityLevel, terminate, tag, extra, signal } = options;
  if (terminate !== undefined && truth('terminate', terminate)) {
    throw new MicrojouleError(
      'aborted',
      'The run was asked to terminate before it began.',
      'Use signal to stop a run.',
    );
  }
  checkSignal(signal);
  if (
    logSeverityLevel === undefined &&
    logVerbosityLevel === undefined &&
    tag === undefined &&
    extra === undefined
  ) {
    return undefined;
  }
  return {
    logSeverity: wholeNumber('logSeverityLevel', logSeverityLevel ?? LOG_FATAL, 0, LOG_FATAL),
    logVerbosity: wholeNumber('logVerbosityLevel', logVerbosityLevel ?? 0, 0, INT_MAX),
    tag: text('tag', tag ?? ''),
    config: extra === undefined ? { keys: [], values: [] } : flattenConfig('extra', extra),
  };
}
