import { dirname } from 'node:path';
import type {
  CounterProbe,
  CrossCheck,
  CrossCheckedScope,
  ProbeReport,
  ProcessorProbe,
  ProviderProbe,
  RaplInterfaceProbe,
} from '../index.js';
import { calibrationLines, gpuLines } from './calibration-report.js';
import { quantity, table } from './text.js';

/** The report of `probe` as text. */
export function describeProbe(report: ProbeReport): string {
  const lines = [
    ...(report.simulated ? ['SIMULATED: the counters below are a fake, not hardware.'] : []),
    `microjoule ${report.microjoule}, Node ${report.node}, ${report.platform}`,
    processorLine(report.processor),
    `NVIDIA driver ${report.driver.nvml ?? 'not found'}`,
    ...report.gpus.flatMap(gpuLines),
    ...(report.calibrated ? ['', 'Calibration', ...report.calibrated.flatMap(calibrationLines)] : []),
    '',
    'Counters',
    table(report.counters.map(counterRow)),
    '',
    "Interfaces of the processor's counters",
    table(report.rapl.interfaces.map(interfaceRow)),
    ...(report.rapl.interfaces.some(mayBeOpened) && report.rapl.chosen === null
      ? ['  A script that opens them: microjoule probe --fix']
      : []),
    ...(report.crossCheck ? ['', 'Cross-check', ...crossCheckLines(report.crossCheck)] : []),
    '',
    'ONNX Runtime',
    ...runtimeLines(report),
  ];
  return `${lines.join('\n')}\n`;
}

function processorLine({ name, packages, logicalCpus, hypervisor }: ProcessorProbe): string {
  const guest = hypervisor === null ? '' : `; a virtual machine: ${hypervisor}`;
  return `Processor ${name ?? 'unnamed'}, ${packages} package${packages === 1 ? '' : 's'}, ${logicalCpus} CPUs${guest}`;
}

function because({ reason, remedy }: { reason: string; remedy?: string }): string {
  return remedy ? `${reason} ${remedy}` : reason;
}

function counterRow(counter: CounterProbe): string[] {
  if (!counter.readable) return [`  ${counter.id}`, counter.method, 'no', because(counter)];
  const facts = [
    counter.resolution === null ? undefined : `step ${counter.resolution.toPrecision(3)} ${counter.unit}`,
    counter.updatePeriodMs === null ? undefined : `every ${counter.updatePeriodMs.toPrecision(4)} ms`,
    counter.callUs === null
      ? undefined
      : `a call ${counter.callUs.p50.toPrecision(3)} us p50, ${counter.callUs.p99.toPrecision(3)} us p99`,
  ];
  return [`  ${counter.id}`, counter.method, 'yes', facts.filter((fact) => fact !== undefined).join(', ')];
}

function interfaceRow(one: RaplInterfaceProbe): string[] {
  const name = `  ${one.interface}`;
  return one.usable ? [name, 'yes', one.cause ?? '', one.note ?? ''] : [name, 'no', one.cause, because(one)];
}

function mayBeOpened(one: RaplInterfaceProbe): boolean {
  return !one.usable && (one.code === 'permission-denied' || one.cause === 'module-not-loaded');
}

function crossCheckLines(check: CrossCheck): string[] {
  if (!check.possible) return [`  ${check.reason}`];
  const seconds = (check.durationMs / 1000).toFixed(1);
  return [`  the same ${seconds} s through both:`, table(check.scopes.map(scopeRow))];
}

function scopeRow(checked: CrossCheckedScope): string[] {
  const { id, between } = checked;
  const [a, b] = between;
  if (checked.agrees === null) return [`  ${id}`, `${a}, ${b}`, 'not compared', checked.reason];
  const [first, second] = checked.energies;
  return [
    `  ${id}`,
    `${a}, ${b}`,
    checked.agrees ? 'agree' : 'DISAGREE',
    `${quantity(first)} and ${quantity(second)}: difference ${quantity(checked.difference)}, ${checked.normalisedError.toPrecision(2)} of what it may be`,
  ];
}

function runtimeLines(report: ProbeReport): string[] {
  const runtime = report.onnxruntime;
  if (!runtime.found) return [`  not found: ${runtime.reason}${runtime.remedy ? ` ${runtime.remedy}` : ''}`];
  return [`  ${runtime.version}  ${runtime.path}`, table(runtime.providers.map(providerRow))];
}

/** The folders that its libraries are taken from. */
function librariesOf({ libraries }: ProviderProbe): string {
  const folders = new Set(libraries.flatMap(({ path }) => (path === null ? [] : [dirname(path)])));
  return folders.size === 0 ? '' : `with libraries of ${[...folders].join(', ')}`;
}

function providerRow(provider: ProviderProbe): string[] {
  const name = `  ${provider.name}`;
  if (provider.usable === false) return [name, 'no', because(provider)];
  return [name, provider.usable ? 'usable' : 'not tried', librariesOf(provider)];
}
