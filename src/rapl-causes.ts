/**
 * Every reason why an interface of the processor's counters gives nothing, and what has to be known of the values of one
 * that can be read. The same list stands in `native/energy/rapl_doctor.h`; a test compares the two.
 */
export const RAPL_CAUSES = [
  'module-not-loaded',
  'not-in-kernel',
  'kernel-too-old',
  'unsupported-processor',
  'virtual-machine',
  'perf-paranoid',
  'capability-missing',
  'capability-not-in-bounding-set',
  'no-new-privileges',
  'user-namespace',
  'root-only-file',
  'not-on-allowlist',
  'masked-by-container',
  'device-not-in-container',
  'seccomp',
  'lockdown',
  'security-module',
  'never-moves',
  'moves-backwards',
  'jumps',
  'read-fails',
  'no-package-counter',
  'filtered',
  'other',
] as const;

export type RaplCause = (typeof RAPL_CAUSES)[number];
