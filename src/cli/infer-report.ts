import type { BreakEven, BuildCost, Energy, EnergyReport, Measurement, Quantity } from '../index.js';
import { engineLines } from './engines.js';
import { runLines } from './run-report.js';
import { notMeasured, quantity, table } from './text.js';

export interface InferRun {
  model: string;
  batch: number;
  measurement: Measurement;
  /** What building the engines took, where it is known. */
  build?: BuildCost;
  /** With --against. */
  against?: { measurement: Measurement; breakEven?: BreakEven; reason?: string };
}

const SIMULATED = 'SIMULATED: the energy below comes from a fake counter library, not from hardware.';

/** For a person: what was run, how fast, at what energy, and what could not be measured. */
export function describe({ model, batch, measurement: m, build, against }: InferRun): string {
  const seconds = (m.durationMs / 1000).toFixed(2);
  const lines = [
    ...(m.energy.simulated ? [SIMULATED] : []),
    `${model}  ${m.provider}  batch ${batch}  ${m.repetitions} runs in ${seconds} s${blocksText(m)}`,
    ...(m.skippedProviders ?? []).map((skipped) => `passed over ${skipped.name}: ${skipped.reason}`),
    '',
    `latency, ms    p50 ${ms(m.latency.p50)}  p90 ${ms(m.latency.p90)}  p99 ${ms(m.latency.p99)}  mean ${ms(m.latency.mean)}`,
    ...runLines(m),
    '',
    ...engineLines(m.engine ?? null, build),
    ...energyLines(m.energy, batch),
    ...shamLines(m),
    ...conditionLines(m.energy),
    m.plan.sentence,
    ...(against ? ['', describe({ model, batch, measurement: against.measurement }).trimEnd(), ''] : []),
    ...(against
      ? [against.breakEven?.sentence ?? `When the build is paid cannot be told: ${against.reason}.`]
      : []),
  ];
  return `${lines.join('\n')}\n`;
}

function blocksText({ blocks, mode, plan }: Measurement): string {
  if (!blocks) return '';
  if (mode === 'burst' && plan.runsPerBlock === 1) return `, ${plan.blocks} bursts`;
  return `, ${plan.blocks} ${mode === 'burst' ? 'bursts' : 'blocks'} of ${plan.runsPerBlock}`;
}

function shamLines({ sham }: Measurement): string[] {
  if (!sham) return [];
  const rows = Object.entries(sham.scopes).map(([id, mean]) => [`  ${id}`, quantity(mean)]);
  return rows.length > 0 ? [`nothing, ${sham.blocks} times as long as a block: mean`, table(rows), ''] : [];
}

function ms(value: number): string {
  return value.toPrecision(4);
}

function energyLines(report: EnergyReport, batch: number): string[] {
  const energies = Object.values(report.scopes);
  const rows = energies.filter(hasValue).map((energy) => scopeRow(energy, batch));
  const absent = energies.filter((energy) => !hasValue(energy)).map((energy) => `  ${notMeasured(energy)}`);
  const what = report.kind === 'caused' ? 'above idle' : 'idle included';
  return [
    ...(rows.length > 0 ? [`energy ${what}, 95 % intervals`, table(rows.flat())] : []),
    ...(absent.length > 0 ? ['energy', ...absent] : []),
    ...idleLines(report),
    ...figuresLines(energies),
    '',
  ];
}

/** Of GPU boards: whether their counter was calibrated. */
function figuresLines(energies: readonly Energy[]): string[] {
  return energies.flatMap(({ id, scope, figures }) => {
    if (scope !== 'board' || !figures) return [];
    return figures.from === 'built-in'
      ? [`  ${id}: built-in figures (conservative); microjoule probe --calibrate finds this board's`]
      : [`  ${id}: figures of its calibration of ${figures.at}`];
  });
}

type WithValue = Extract<Energy, { value?: number }> & { value: number };

function hasValue(energy: Energy): energy is WithValue {
  return energy.status !== 'unsupported' && energy.value !== undefined;
}

function scopeRow(energy: WithValue, batch: number): string[][] {
  const whole: Quantity = {
    value: energy.value,
    uncertainty: energy.uncertainty ?? 0,
    combinedUncertainty: energy.combinedUncertainty ?? 0,
    unit: 'J',
  };
  const status = energy.status === 'suspect' ? `suspect: ${energy.reason}` : energy.status;
  const blocks = energy.repeats?.blocks ?? 1;
  const all = blocks > 1 ? `all ${blocks} blocks` : 'whole window';
  const rows = [[`  ${energy.id}`, all, quantity(whole), status]];
  if (energy.perInference) {
    rows.push(['', 'per run', quantity(energy.perInference), '']);
    if (batch > 1) rows.push(['', 'per input', quantity(divide(energy.perInference, batch)), '']);
  }
  if (energy.gross && energy.kind === 'caused') rows.push(['', 'gross', quantity(energy.gross), '']);
  return rows;
}

function divide(q: Quantity, n: number): Quantity {
  return {
    value: q.value / n,
    uncertainty: q.uncertainty / n,
    combinedUncertainty: q.combinedUncertainty / n,
    unit: q.unit,
  };
}

function idleLines(report: EnergyReport): string[] {
  return Object.entries(report.idle).flatMap(([id, idle]) => {
    const parts = [
      idle.before ? `before ${quantity(idle.before)}` : undefined,
      idle.after ? `after ${quantity(idle.after)}` : undefined,
    ].filter((part) => part !== undefined);
    return parts.length > 0 ? [`  idle of ${id}: ${parts.join(', ')}`] : [];
  });
}

function conditionLines(report: EnergyReport): string[] {
  return report.conditions.devices.map((device) => {
    const facts = [
      device.name,
      device.temperatureC ? `${device.temperatureC.min}-${device.temperatureC.max} °C` : undefined,
      device.smClockMHz ? `SM ${device.smClockMHz.min}-${device.smClockMHz.max} MHz` : undefined,
      device.throttleReasons?.length ? `throttled: ${device.throttleReasons.join(', ')}` : undefined,
      device.otherWork === 'busy' ? 'other work ran on the device' : undefined,
    ];
    return `${device.id}: ${facts.filter((fact) => fact !== undefined).join(', ')}`;
  });
}

/** For a program. Durations and raw samples only on request: they are long. */
export function asJson({ model, batch, measurement: m, build, against }: InferRun, raw: boolean): unknown {
  const { durations, durationsEvery, ...latency } = m.latency;
  const { timeline, conditions, idle, ...energy } = m.energy;
  return {
    ...(m.energy.simulated ? { simulated: 'SIMULATED: fake counters, not hardware' } : {}),
    model,
    provider: m.provider,
    ...(m.skippedProviders === undefined ? {} : { skippedProviders: m.skippedProviders }),
    batch,
    repetitions: m.repetitions,
    warmup: m.warmup,
    durationMs: m.durationMs,
    latency: raw ? { ...latency, durations: Array.from(durations), durationsEvery } : latency,
    energy: { ...energy, start: String(m.start), end: String(m.end) },
    idle,
    conditions,
    ...(raw ? { timeline, ...(m.blocks ? { blocks: m.blocks.map(withTextMarks) } : {}) } : {}),
    ...(m.sham ? { sham: m.sham } : {}),
    dataPath: m.dataPath,
    graph: m.graph,
    mode: m.mode,
    placement: m.placement,
    precision: m.precision,
    versions: m.versions,
    plan: m.plan,
    ...(m.engine ? { engine: m.engine } : {}),
    ...(build ? { build } : {}),
    ...(against
      ? {
          against: asJson({ model, batch, measurement: against.measurement }, raw),
          breakEven: against.breakEven ?? { reason: against.reason },
        }
      : {}),
  };
}

function withTextMarks<T extends { start: bigint; end: bigint }>({ start, end, ...rest }: T) {
  return { start: String(start), end: String(end), ...rest };
}
