// The script of `probe --fix`: what opens the processor's counters on this machine. It is printed, and nothing is run.
import type { ProbeReport, RaplCause, RaplInterface, RaplInterfaceProbe } from '../index.js';
import {
  comment,
  containerHelp,
  HEAD,
  loadModules,
  loadRegisters,
  lowerParanoid,
  perfForOne,
  powercapGroup,
} from './fix-scripts.js';

export interface Fix {
  /** Whether running the script changes anything: false where nothing needs mending, or nothing here can. */
  mends: boolean;
  script: string;
}

type Refused = Extract<RaplInterfaceProbe, { usable: false }>;

export function fixOf(report: ProbeReport): Fix {
  const { chosen } = report.rapl;
  if (chosen !== null) {
    return noScript(
      comment(`Nothing needs mending: the processor's counters can be read through ${chosen}.`),
    );
  }
  const refused = report.rapl.interfaces.filter((one): one is Refused => !one.usable);
  const findings = comment(
    `The processor's energy counters, as microjoule ${report.microjoule} found them on this machine:`,
    ...refused.flatMap((one) => [
      `  ${one.interface}: ${one.cause}. ${one.reason}`,
      ...(one.remedy === undefined ? [] : [`    What mends it: ${one.remedy}`]),
    ]),
  );
  const steps = stepsFor(report, refused);
  if (steps.length === 0) {
    return noScript(
      findings,
      comment('No script on this machine can mend that.', ...helpOutside(report, refused)),
    );
  }
  return {
    mends: true,
    script: `#!/bin/sh\n${findings}\n${comment('This script opens them.')}\n${[HEAD, ...steps].join('\n')}\necho 'Done. To check it: npx microjoule probe'\n`,
  };
}

function noScript(...parts: string[]): Fix {
  return { mends: false, script: `${['#!/bin/sh', ...parts].join('\n')}\n` };
}

/** In the order in which they are run: what is shown first has to be there first. */
function stepsFor(report: ProbeReport, refused: readonly Refused[]): string[] {
  if (isContainer(report)) return [];
  const { process, kernel } = report.rapl.system;
  const cause = (name: RaplInterface) => refused.find((one) => one.interface === name)?.cause;
  const unloaded = (['perf', 'powercap'] as const).filter((name) => cause(name) === 'module-not-loaded');
  // Behind a module that is loaded stands the next door, which is open to root only.
  const next = (name: RaplInterface, its: RaplCause) =>
    cause(name) === its || (cause(name) === 'module-not-loaded' && process.uid !== 0);
  const group = next('powercap', 'root-only-file');
  const perf = next('perf', 'perf-paranoid');
  if (unloaded.length === 0 && !group && !perf) {
    return cause('msr') === 'module-not-loaded' ? [loadRegisters()] : [];
  }
  const capability = before58(kernel.release) ? 'CAP_SYS_ADMIN' : 'CAP_PERFMON';
  const forOne = comment(...perfForOne(capability, process.program ?? 'node'));
  return [
    ...(unloaded.length > 0 ? [loadModules(unloaded.map((name) => kernel.modules[name].name))] : []),
    ...(group ? [powercapGroup()] : []),
    // The group is enough, and opens less.
    ...(perf && !group ? [lowerParanoid()] : []),
    ...(perf ? [`${forOne}\n`] : []),
    ...(perf && group
      ? [comment('Or for every user:', ...lowerParanoid().trimEnd().split('\n')).concat('\n')]
      : []),
  ];
}

function isContainer({ rapl }: ProbeReport): boolean {
  return rapl.system.container !== null && rapl.system.container !== 'none';
}

/** CAP_PERFMON came with Linux 5.8. */
function before58(release: string | null): boolean {
  const [major = 0, minor = 0] = (release ?? '6.0').split('.').map((part) => Number.parseInt(part, 10));
  return major < 5 || (major === 5 && minor < 8);
}

const OPENED_FROM_OUTSIDE: readonly RaplCause[] = [
  'perf-paranoid',
  'capability-missing',
  'capability-not-in-bounding-set',
  'user-namespace',
  'root-only-file',
  'masked-by-container',
  'device-not-in-container',
  'seccomp',
];

function helpOutside(report: ProbeReport, refused: readonly Refused[]): string[] {
  const { container } = report.rapl.system;
  if (!isContainer(report) || !refused.some(({ cause }) => OPENED_FROM_OUTSIDE.includes(cause))) return [];
  return containerHelp(container as string, '--device /dev/cpu/0/msr');
}
