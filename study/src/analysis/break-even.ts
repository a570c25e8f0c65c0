// After how many inferences an engine build has paid for itself: its own energy over what an inference saves.
import type { BudgetTerm } from 'microjoule';
import type { PhaseRecord, RunRecord } from '../types/journal.js';
import { meanOf, plainMean, readingOf } from './mean.js';
import { groupName } from './names.js';
import type { PreparedCell } from './prepared.js';
import { meanPerInference, ratioOf } from './ratio.js';
import { boardsOf, processorOf, sumOf } from './run-energy.js';
import type { Estimate, Gain } from './term.js';
import type { BreakEven, Count, Reading, Sensors } from './types.js';

const NO_BUILD = 'no run built an engine: all came from the cache';

/** Of every TensorRT cell against the CUDA cell with the same file and data path. */
export function breakEvens(ranked: readonly PreparedCell[]): BreakEven[] {
  return ranked.flatMap((cell) => {
    if (cell.cell.subject.provider !== 'tensorrt') return [];
    const against = ranked.find((other) => isSameBut(cell, other));
    return against ? [breakEven(cell, against)] : [];
  });
}

function isSameBut({ cell: a }: PreparedCell, { cell: b }: PreparedCell): boolean {
  const pathOf = ({ subject }: typeof a) =>
    JSON.stringify([subject.source ?? 'built-in', subject.dataPath ?? 'host', subject.precision ?? {}]);
  return (
    b.subject.runtime === a.subject.runtime &&
    b.subject.provider === 'cuda' &&
    (b.subject.callPath ?? 'run') === 'run' &&
    a.model === b.model &&
    a.batch === b.batch &&
    pathOf(a) === pathOf(b)
  );
}

function breakEven(cell: PreparedCell, against: PreparedCell): BreakEven {
  const builds = cell.records.flatMap((record) =>
    record.phases.filter(({ name }) => name === 'engine-build').map((phase) => ({ record, phase })),
  );
  const seconds = builds.map(({ phase }) => phase.seconds);
  const time = seconds.map((value) => ({ value, terms: [], gains: [] }));
  const sensors = (['total', 'gpu', 'cpu'] as const).find(
    (one) =>
      buildEnergies(builds, one).length > 0 &&
      meanPerInference(cell, 'gross', one) &&
      meanPerInference(against, 'gross', one),
  );
  const energies = sensors ? buildEnergies(builds, sensors) : [];
  const buildName = `builds of ${cell.cell.id}`;
  const mean = (values: Estimate[]) => (values.length > 0 ? meanOf(values, buildName) : null);
  const missing: Reading = {
    notMeasured: builds.length === 0 ? NO_BUILD : 'the energy of the build was not measured',
  };
  const [energy, duration] = [mean(energies), mean(time)];
  return {
    cell: cell.cell.id,
    against: against.cell.id,
    model: cell.cell.model,
    batch: cell.cell.batch,
    builds: builds.length,
    buildSeconds: seconds.length > 0 ? plainMean(seconds) : { notMeasured: NO_BUILD },
    buildJ: energy ? readingOf(energy, energies.length) : missing,
    sensors: sensors ?? null,
    inferences: {
      energy:
        sensors && energy ? count(energy, cell, against, 'gross', sensors) : { never: missing.notMeasured },
      time: duration ? count(duration, cell, against, 'time', null) : { never: NO_BUILD },
    },
  };
}

type Build = { record: RunRecord; phase: PhaseRecord };

/** Idle included, as what it saves later: the machine runs anyway while it builds. */
function buildEnergies(builds: readonly Build[], sensors: Sensors): Estimate[] {
  return builds.flatMap(({ record, phase }) => {
    const devices = record.steady?.devices ?? [];
    const boards = boardsOf(record, { energies: phase.energies, devices });
    const scopes = {
      gpu: Array.isArray(boards) ? boards : [],
      cpu: processorOf(phase.energies),
    };
    const parts = sensors === 'total' ? [scopes.gpu, scopes.cpu] : [scopes[sensors]];
    if (parts.some((part) => part.length === 0)) return [];
    const reading = sumOf(parts.flat(), 'gross', '');
    return reading.ok ? [reading.estimate] : [];
  });
}

function count(
  build: Estimate,
  cell: PreparedCell,
  against: PreparedCell,
  metric: 'gross' | 'time',
  sensors: Sensors | null,
): Count {
  const [own, other] = [cell, against].map((one) => meanPerInference(one, metric, sensors));
  if (!own || !other) return { never: 'an inference was not measured' };
  const saved = difference(other, own);
  const what = metric === 'time' ? 'time' : 'energy';
  const where = groupName(cell.cell.model, cell.cell.batch);
  if (!(saved.value > 0)) return { never: `an inference saves no ${what} for ${where}` };
  const { ratio, lo, hi } = ratioOf(build, saved);
  if (lo === null || hi === null) return { never: `whether an inference saves ${what} cannot be told` };
  return { value: ratio, lo, hi };
}

/** a - b: errors that both share cancel, as do the gains of one counter. */
function difference(a: Estimate, b: Estimate): Estimate {
  const keyOf = (term: BudgetTerm) => `${term.name} ${term.key}`;
  const inB = new Map(b.terms.map((term) => [keyOf(term), term]));
  const own = new Set(a.terms.map(keyOf));
  const terms = a.terms.map((term) => ({
    ...term,
    uncertainty: Math.abs(term.uncertainty - (inB.get(keyOf(term))?.uncertainty ?? 0)),
  }));
  const gainOf = (gains: readonly Gain[], key: string) =>
    gains.find((gain) => gain.key === key)?.halfRange ?? 0;
  const keys = [...new Set([...a.gains, ...b.gains].map(({ key }) => key))];
  return {
    value: a.value - b.value,
    terms: [...terms, ...b.terms.filter((term) => !own.has(keyOf(term)))],
    gains: keys.map((key) => ({ key, halfRange: Math.abs(gainOf(a.gains, key) - gainOf(b.gains, key)) })),
  };
}
