// The builds of a cell's engines, in whatever run of the journal they were made, and what they took.
import type { PhaseRecord, RunRecord } from '../types/journal.js';
import type { PreparedCell } from './prepared.js';
import { boardsOf, plus, processorOf, type RunReading, sumOf } from './run-energy.js';
import type { Estimate } from './term.js';
import type { Sensors } from './types.js';

export interface Build {
  record: RunRecord;
  phase: PhaseRecord;
}

/**
 * Those of its own runs, failed ones too, and those of every other run that had the same engine: a null run, or a cell
 * before the table was changed, may have built what this cell took from the cache.
 */
export function buildsOf({ records }: PreparedCell, all: readonly RunRecord[]): Build[] {
  const keys = new Set(records.flatMap((record) => engineOf(record)?.key ?? []));
  const others = all.filter((record) => keys.has(engineOf(record)?.key ?? ''));
  const builds = [...records, ...others].flatMap((record) =>
    record.phases.filter(({ name }) => name === 'engine-build').map((phase) => ({ record, phase })),
  );
  // A run may be in a journal twice.
  const idOf = ({ record, phase }: Build) => `${record.startedAt} ${record.id} ${phase.startNs}`;
  return [...new Map(builds.map((build) => [idOf(build), build])).values()];
}

const engineOf = ({ worker }: RunRecord) => worker?.load?.engine;

export function whyNoBuild({ records }: PreparedCell): string {
  const engines = records.flatMap((record) => engineOf(record) ?? []);
  if (engines.length === 0) return 'no run told of an engine';
  const unclear = engines.find(({ state }) => state !== 'cache');
  if (unclear?.state === 'pending')
    return 'the engine was built in the first call, which is more than a build';
  if (unclear) return unclear.reason ?? 'how the engine came to be is not known';
  const at = engines.find(({ builtAt }) => builtAt !== undefined)?.builtAt;
  const when = at === undefined ? '' : `, built at ${at} in no run of this journal`;
  return `no run built an engine: all came from the cache${when}`;
}

/** Idle included, as what it saves later: the machine runs anyway while it builds. */
export function buildEnergies(
  builds: readonly Build[],
  sensors: Sensors,
): { found: Estimate[]; reason: string } {
  const readings = builds.map((build) => energyOf(build, sensors));
  const failed = readings.find((reading) => !reading.ok);
  return {
    found: readings.flatMap((reading) => (reading.ok ? [reading.estimate] : [])),
    reason: failed && !failed.ok ? failed.reason : 'there was no build',
  };
}

function energyOf({ record, phase }: Build, sensors: Sensors): RunReading {
  const { energies } = phase;
  const boards = boardsOf(record, { energies, devices: record.steady?.devices ?? [] });
  const gpu = Array.isArray(boards) ? sumOf(boards, 'gross', missing(record, 'board')) : boards;
  const cpu = sumOf(processorOf(energies), 'gross', missing(record, 'cpu-package'));
  return { gpu, cpu, total: plus(gpu, cpu) }[sensors];
}

/** A phase has what was measured alone; why something was not stands in the steady state. */
function missing({ steady }: RunRecord, scope: string): string {
  const reason = steady?.energies.find((energy) => energy.scope === scope)?.reason;
  return reason ?? 'the energy of the build was not measured';
}
