import type {
  Closure,
  EnergyClosure,
  InferencePhase,
  PhaseEnergy,
  PhaseFigure,
  PhasesMeasurement,
  PhasesProgress,
} from '../index.js';
import type { PhasesRun } from './phases.js';
import { quantity, table } from './text.js';

const SIMULATED = 'SIMULATED: the energy below comes from a fake counter library, not from hardware.';

export function phasesProgressText(label: string, { phase, elapsedMs, segments }: PhasesProgress): string {
  const now = Math.min(segments.done + 1, segments.planned);
  const where = phase === 'running' ? `, segment ${now} of ${segments.planned}` : '';
  return `${label}: phases, ${phase} ${(elapsedMs / 1000).toFixed(1)} s${where}`;
}

/** For a person. */
export function describePhases({ model, batch, phases: m }: PhasesRun): string {
  const lines = [
    ...(m.simulated ? [SIMULATED] : []),
    `${model}  ${m.provider}${m.graph ? ' (CUDA graph)' : ''}  batch ${batch}  phases from and to ${m.hostMemory} memory, ${(m.durationMs / 1000).toFixed(1)} s`,
    ...(m.skippedProviders ?? []).map((skipped) => `passed over ${skipped.name}: ${skipped.reason}`),
    '',
    'time, ms',
    table([
      ['', 'alone: mean', 'p50', 'p99', 'inside an inference: p50', 'p99', ''],
      ...rows(m).map(([name, phase]) => timeRow(name, phase)),
    ]),
    '',
    ...Object.keys(m.whole.scopes).flatMap((id) => scopeLines(id, m)),
    ...closureLines(m),
    m.plan.sentence,
  ];
  return `${lines.join('\n')}\n`;
}

function rows({ phases, whole }: PhasesMeasurement): [string, InferencePhase][] {
  return [
    ['host to device', phases.hostToDevice],
    ['compute', phases.compute],
    ['device to host', phases.deviceToHost],
    ['whole', whole],
  ];
}

function timeRow(name: string, { timePerCall, latency, inside, bytes }: InferencePhase): string[] {
  const ms = (value: number) => value.toPrecision(4);
  return [
    `  ${name}`,
    ms(timePerCall.value),
    ms(latency.p50),
    ms(latency.p99),
    inside ? ms(inside.p50) : '',
    inside ? ms(inside.p99) : '',
    bytes === undefined ? '' : `${bytes} bytes`,
  ];
}

function scopeLines(id: string, m: PhasesMeasurement): string[] {
  const [first] = rows(m).map(([, { scopes }]) => scopes[id] as PhaseEnergy);
  if (first === undefined || first.status === 'unsupported') return [`${id}: ${reasonOf(first)}`, ''];
  const idle = m.idle.scopes[id];
  return [
    `energy of one call by ${id}, 95 % intervals`,
    table([
      ['', 'power', 'idle included', 'above idle', ''],
      ...rows(m).map(([name, { scopes }]) => energyRow(name, scopes[id] as PhaseEnergy)),
      ['  idle', idle ? figure(idle) : 'not told apart', '', '', ''],
    ]),
    '',
  ];
}

function energyRow(name: string, energy: PhaseEnergy): string[] {
  if (!('gross' in energy) || energy.gross === undefined)
    return [`  ${name}`, `${energy.status}: ${reasonOf(energy)}`];
  const { power, gross, net } = energy;
  const suspect = energy.status === 'suspect' ? `suspect: ${energy.reason}` : '';
  return [
    `  ${name}`,
    figure(power as PhaseFigure),
    figure(gross),
    net ? figure(net) : 'not told apart',
    suspect,
  ];
}

function reasonOf(energy: PhaseEnergy | undefined): string {
  if (energy === undefined || !('reason' in energy)) return 'not measured';
  const remedy = 'remedy' in energy && energy.remedy ? `  Remedy: ${energy.remedy}` : '';
  return `not measured: ${energy.reason}${remedy}`;
}

function figure(q: PhaseFigure): string {
  const short = quantity(q).replace(/ \(.*/, '');
  return q.status === 'ok' ? short : `${short} (${q.status})`;
}

function closureLines({ closure }: PhasesMeasurement): string[] {
  const energies = Object.values(closure.scopes).filter(
    (one): one is EnergyClosure & { gross: Closure } => one.status !== 'unknown',
  );
  return [
    'sum of the three phases less the whole',
    table([
      ['  time', shareOf(closure.time)],
      ...energies.map(({ id, gross }) => [`  energy, ${id}`, shareOf(gross)]),
    ]),
    ...closure.notes,
    `Supposed: ${closure.assumption}`,
    '',
  ];
}

function shareOf({ difference, whole, relative, closes }: Closure): string {
  const u = difference.uncertainty / whole.value;
  const share = `${(100 * relative).toFixed(1)} ± ${(100 * u).toFixed(1)} % of the whole`;
  return `${share}, ${closes ? 'closes' : 'does not close'}`;
}

/** For a program. Durations, segments and raw samples only on request: they are long. */
export function phasesAsJson({ model, batch, phases }: PhasesRun, raw: boolean): unknown {
  const long = (key: string, value: unknown) =>
    key === 'durations' || key === 'timeline' || (key === 'segments' && Array.isArray(value));
  const text = JSON.stringify(phases, (key, value: unknown) =>
    key === 'outputs' || (!raw && long(key, value)) ? undefined : value,
  );
  return {
    ...(phases.simulated ? { notice: 'SIMULATED: fake counters, not hardware' } : {}),
    model,
    batch,
    ...(JSON.parse(text) as object),
  };
}
