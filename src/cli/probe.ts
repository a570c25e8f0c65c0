import type { CounterProbe, ProbeReport, ProviderProbe } from '../index.js';
import { probe } from '../index.js';
import { parse } from './arguments.js';
import { table } from './text.js';
import { USAGE } from './usage.js';

const OPTIONS = {
  json: { type: 'boolean' },
  onnxruntime: { type: 'string' },
  nvml: { type: 'string' },
} as const;

export async function probeCommand(argv: string[]): Promise<void> {
  const args = parse(argv, OPTIONS, USAGE);
  const nvml = args.text('nvml');
  const onnxruntime = args.text('onnxruntime');
  const report = await probe({
    ...(nvml === undefined ? {} : { roots: { nvml } }),
    ...(onnxruntime === undefined ? {} : { onnxruntime }),
  });
  process.stdout.write(args.flag('json') ? `${JSON.stringify(report, null, 2)}\n` : show(report));
}

function show(report: ProbeReport): string {
  const lines = [
    ...(report.simulated ? ['SIMULATED: the counters below are a fake, not hardware.'] : []),
    `microjoule ${report.microjoule}, Node ${report.node}, ${report.platform}`,
    `NVIDIA driver ${report.driver.nvml ?? 'not found'}`,
    ...report.gpus.map((gpu) => `GPU ${gpu.index}  ${gpu.name}  ${gpu.uuid}  ${gpu.pciBusId}`),
    '',
    'Counters',
    table(report.counters.map(counterRow)),
    '',
    'ONNX Runtime',
    ...runtimeLines(report),
  ];
  return `${lines.join('\n')}\n`;
}

function counterRow(counter: CounterProbe): string[] {
  if (!counter.readable) {
    return [
      `  ${counter.id}`,
      counter.method,
      'no',
      `${counter.reason}${counter.remedy ? ` ${counter.remedy}` : ''}`,
    ];
  }
  const facts = [
    counter.resolution === null ? undefined : `step ${counter.resolution} ${counter.unit}`,
    counter.updatePeriodMs === null ? undefined : `every ${counter.updatePeriodMs} ms`,
    counter.callUs === null
      ? undefined
      : `a call ${counter.callUs.p50.toPrecision(3)} us p50, ${counter.callUs.p99.toPrecision(3)} us p99`,
  ];
  return [`  ${counter.id}`, counter.method, 'yes', facts.filter((fact) => fact !== undefined).join(', ')];
}

function runtimeLines(report: ProbeReport): string[] {
  const runtime = report.onnxruntime;
  if (!runtime.found) return [`  not found: ${runtime.reason}${runtime.remedy ? ` ${runtime.remedy}` : ''}`];
  return [`  ${runtime.version}  ${runtime.path}`, table(runtime.providers.map(providerRow))];
}

function providerRow(provider: ProviderProbe): string[] {
  if (provider.usable) return [`  ${provider.name}`, 'usable', ''];
  return [`  ${provider.name}`, 'no', `${provider.reason}${provider.remedy ? ` ${provider.remedy}` : ''}`];
}
