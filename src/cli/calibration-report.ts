import type { BoardState, Calibration, CalibrationRun, Disturbance, GpuProbe } from '../index.js';
import { table } from './text.js';

/** A board, how it is set up, and which figures of its counter are used. */
export function gpuLines(gpu: GpuProbe): string[] {
  return [
    `GPU ${gpu.index}  ${gpu.name}  ${gpu.uuid}  ${gpu.pciBusId}`,
    ...(gpu.state ? [`  ${stateText(gpu.state)}`] : []),
    ...usedLines(gpu.calibration),
  ];
}

function stateText({ powerLimitW, persistenceMode, graphicsClockMHz, memoryClockMHz }: BoardState): string {
  const told = (value: unknown, unit: string) => (value === null ? 'not told' : `${value} ${unit}`);
  const persistence = persistenceMode === null ? 'not told' : persistenceMode ? 'on' : 'off';
  return [
    `power limit ${told(powerLimitW, 'W')}`,
    `persistence mode ${persistence}`,
    `application clocks ${told(graphicsClockMHz, 'MHz')}, memory ${told(memoryClockMHz, 'MHz')}`,
  ].join(', ');
}

function usedLines(used: GpuProbe['calibration']): string[] {
  if (used.from === 'calibration') {
    const { tested, held } = used.calibration;
    return [`  calibrated ${used.age} ago; ${held} of ${tested} bursts held back were told right`];
  }
  return [
    "  built-in figures (conservative); microjoule probe --calibrate finds this board's",
    `  ${used.reason}`,
  ];
}

/** What a calibration that was asked for has found. */
export function calibrationLines(run: CalibrationRun): string[] {
  if (!run.calibrated) {
    return [`  ${run.id}  not calibrated: ${run.reason}${run.remedy ? ` ${run.remedy}` : ''}`];
  }
  const { calibration, path, notSaved } = run;
  return [
    `  ${run.id}  ${run.name}, load: ${calibration.load}`,
    table(figureRows(calibration)),
    ...(path === undefined ? [] : [`  kept in ${path}`]),
    ...(notSaved === undefined ? [] : [`  not kept: ${notSaved}`]),
  ];
}

function figureRows({ figures, kinds, sham, disturbance, tested, held, widened }: Calibration): string[][] {
  const ms = (ns: number) => (Number.isFinite(ns) ? `${(ns / 1e6).toPrecision(4)} ms` : 'not found');
  const percent = (share: number) => `${(100 * share).toPrecision(2)} %`;
  const { ring } = figures;
  return [
    ['  period', `${ms(figures.periodNs)}, +-${ms(figures.gridJitterNs)}`],
    [
      '  time constant',
      `${ms(figures.timeConstantNs)}, known to ${percent(figures.timeConstantRelativeUncertainty)}`,
    ],
    ['  marks to counter', `within ${ms(figures.markDelayNs)}`],
    ['  phase', `${percent(figures.phaseSensitivity)} up to ${ms(figures.phaseReachNs)}`],
    ...(ring
      ? [['  ring over counter', `${ring.gain.toPrecision(5)} +-${percent(ring.gainRelativeUncertainty)}`]]
      : []),
    ...kinds.map((kind) => [
      `  bursts of ${kind.kindMs} ms`,
      `${kind.count}: ${kind.meanJ.toPrecision(3)} J, scatter ${percent(kind.relativeScatter)}, interval ${percent(kind.meanRelativeU)}, held ${kind.held} of ${kind.heldBack}`,
    ]),
    ...(sham.count > 0
      ? [['  shams', `${sham.count}: ${sham.meanJ.toPrecision(2)} +-${sham.uncertaintyJ.toPrecision(2)} J`]]
      : []),
    [
      '  held back',
      `${held} of ${tested} held${widened > 1 ? `, phase widened ${widened.toFixed(2)}fold` : ''}`,
    ],
    ['  reading disturbs', disturbanceText(disturbance)],
  ];
}

function disturbanceText({ disturbs, ratio, uncertainty, reason }: Disturbance): string {
  const seen =
    ratio === undefined || uncertainty === undefined
      ? ''
      : `: ${ratio.toFixed(4)} +-${uncertainty.toFixed(4)} times the power, read back to back`;
  return `${disturbs}${seen}${reason ? ` (${reason})` : ''}`;
}
