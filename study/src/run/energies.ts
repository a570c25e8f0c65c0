// Energies of the phases of a run, from the meter's reports, in the journal's form.
import type { Energy, EnergyReport, Meter, Quantity } from 'microjoule';
import type { JournalQuantity, PhaseName, PhaseRecord, ScopeEnergy } from '../types/journal.js';
import type { Phase } from './phases.js';
import { secondsBetween } from './wait.js';

/** Phases of work with the model resident, whose energy above that idle is of interest; */
const RESIDENT: readonly PhaseName[] = ['first-call', 'warm-up'];
/** and those before it is, when the device would idle as it does without a worker. */
const LOADING: readonly PhaseName[] = ['load', 'conversion', 'engine-build'];

/** One report a phase, all from one posterior: their energies add up. */
export async function windowReports(meter: Meter, phases: readonly Phase[]): Promise<EnergyReport[]> {
  const marks = BigInt64Array.from(phases.flatMap(({ start, end }) => [start, end]));
  return meter.energies(marks, { kind: 'window' });
}

/** Above the idle on both sides, where there is any. */
export async function causedReport(
  meter: Meter,
  { start, end }: Phase,
  idle: { beforeSeconds: number; afterSeconds: number },
): Promise<EnergyReport> {
  const { beforeSeconds, afterSeconds } = idle;
  if (beforeSeconds === 0 || afterSeconds === 0) return meter.energy(start, end, { kind: 'window' });
  return meter.energy(start, end, {
    kind: 'caused',
    idle: { beforeMs: 1000 * beforeSeconds, afterMs: 1000 * afterSeconds },
  });
}

/** Adds the budget of the window's own energy to figures above idle. */
export function withGrossTerms(energies: readonly ScopeEnergy[], { scopes }: EnergyReport): ScopeEnergy[] {
  return energies.map((energy) => {
    const budget = scopes[energy.id]?.budget;
    return energy.net && budget ? { ...energy, grossTerms: budget.terms } : energy;
  });
}

/** Of the counters that this run is about: boards other than the worker's are left out. */
export function scopeEnergies(report: EnergyReport, board: WorkerBoard): ScopeEnergy[] {
  const measured = Object.values(report.scopes)
    .filter(({ id, scope }) => isOurs(id, scope, board))
    .map((energy) => scopeEnergy(energy, report.idle[energy.id]?.level ?? undefined));
  return board.kind === 'unmatched' ? [unmatched(board.uuid, report), ...measured] : measured;
}

/** The board that a worker computes on, as the meter names it. */
export type WorkerBoard =
  /** On the processor: every board is beside it, and idle. */
  { kind: 'none' } | { kind: 'matched'; id: string; uuid: string } | { kind: 'unmatched'; uuid: string };

export function workerBoard(uuid: string | null, report: EnergyReport): WorkerBoard {
  if (uuid === null) return { kind: 'none' };
  const found = report.conditions.devices.find((device) => device.uuid.toLowerCase() === uuid.toLowerCase());
  return found ? { kind: 'matched', id: found.id, uuid } : { kind: 'unmatched', uuid };
}

const ON_BOARDS = ['board', 'module', 'gpu-memory'];

function isOurs(id: string, scope: string, board: WorkerBoard): boolean {
  if (board.kind === 'none' || !ON_BOARDS.includes(scope)) return true;
  return board.kind === 'matched' && indexOf(id) === indexOf(board.id);
}

const indexOf = (id: string): string => id.slice(id.lastIndexOf('-') + 1);

function unmatched(uuid: string, { conditions }: EnergyReport): ScopeEnergy {
  const seen = conditions.devices.map((device) => device.uuid);
  return {
    id: 'board',
    scope: 'board',
    status: 'unsupported',
    reason: `The worker computes on ${uuid}, which is not metered here: ${seen.length > 0 ? seen.join(', ') : 'no GPU'} is.`,
  };
}

function scopeEnergy(energy: Energy, level: Quantity | undefined): ScopeEnergy {
  const { id, scope, status, method, budget } = energy;
  return {
    id,
    scope,
    status,
    ...('reason' in energy ? { reason: energy.reason } : {}),
    method,
    ...(energy.gross ? { gross: journalQuantity(energy.gross) } : {}),
    ...(energy.net ? { net: journalQuantity(energy.net) } : {}),
    ...(level ? { idleW: journalQuantity(level) } : {}),
    ...(budget
      ? { terms: budget.terms, gain: { relative: budget.gain.relative, key: budget.gain.key } }
      : {}),
  };
}

function journalQuantity({ value, uncertainty, combinedUncertainty }: Quantity): JournalQuantity {
  return { value, uncertainty, combinedUncertainty };
}

/** Phases with their energies; those of work also less what the device takes idle by then. */
export function phaseRecords(
  phases: readonly Phase[],
  reports: readonly EnergyReport[],
  board: WorkerBoard,
  steady: readonly ScopeEnergy[],
): PhaseRecord[] {
  const records = phases.map(({ name, start, end }, i): PhaseRecord => {
    // Why a counter was not measured stands in the steady state, once.
    const energies = scopeEnergies(reports[i] as EnergyReport, board).filter(
      ({ status }) => status !== 'unsupported',
    );
    return {
      name,
      startNs: String(start),
      endNs: String(end),
      seconds: secondsBetween(start, end),
      energies,
    };
  });
  const resident: Levels = new Map(steady.flatMap(({ id, idleW }) => (idleW ? [[id, idleW]] : [])));
  const bare = levelsIn(records.find(({ name }) => name === 'idle-bare-before'));
  return records.map((record) => {
    const { name, seconds, energies } = record;
    const levels = RESIDENT.includes(name) ? resident : LOADING.includes(name) ? bare : undefined;
    return levels ? { ...record, energies: energies.map((one) => lessIdle(one, seconds, levels)) } : record;
  });
}

/** Mean powers, W, by the counter's id. */
type Levels = ReadonlyMap<string, JournalQuantity>;

function levelsIn(idle: PhaseRecord | undefined): Levels {
  if (!idle || !(idle.seconds > 0)) return new Map();
  const each = (joules: number) => joules / idle.seconds;
  return new Map(
    idle.energies.flatMap(({ id, status, gross }): [string, JournalQuantity][] => {
      if (status !== 'ok' || !gross) return [];
      const { value, uncertainty, combinedUncertainty } = gross;
      return [
        [
          id,
          {
            value: each(value),
            uncertainty: each(uncertainty),
            combinedUncertainty: each(combinedUncertainty),
          },
        ],
      ];
    }),
  );
}

/** Idle and gross share the counter's faults, so that their uncertainties are added as they are. */
function lessIdle(energy: ScopeEnergy, seconds: number, levels: Levels): ScopeEnergy {
  const level = levels.get(energy.id);
  const { gross } = energy;
  if (!level || !gross) return energy;
  return {
    ...energy,
    idleW: level,
    net: {
      value: gross.value - level.value * seconds,
      uncertainty: gross.uncertainty + level.uncertainty * seconds,
      combinedUncertainty: gross.combinedUncertainty + level.combinedUncertainty * seconds,
    },
  };
}
