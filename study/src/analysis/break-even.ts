// After how many inferences an engine build has paid for itself: its own energy over what an inference saves.
import { type BudgetTerm, paidAfter } from 'microjoule';
import type { RunRecord } from '../types/journal.js';
import { pairsOf } from './contrast.js';
import { type Build, buildEnergies, buildsOf, whyNoBuild } from './engine-builds.js';
import { meanOf, plainMean, readingOf } from './mean.js';
import { groupName } from './names.js';
import { estimates, type PreparedCell } from './prepared.js';
import { comparable, meanPerInference, noInterval } from './ratio.js';
import type { Estimate, Gain } from './term.js';
import type { BreakEven, Count, Sensors } from './types.js';

/** Of every TensorRT cell against the CUDA cell with the same file and data path; `all`: every run of the journal. */
export function breakEvens(ranked: readonly PreparedCell[], all: readonly RunRecord[]): BreakEven[] {
  return ranked.flatMap((cell) => {
    if (cell.cell.subject.provider !== 'tensorrt') return [];
    const against = ranked.find((other) => isSameBut(cell, other));
    return against ? [breakEven(cell, against, all)] : [];
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

function breakEven(cell: PreparedCell, against: PreparedCell, all: readonly RunRecord[]): BreakEven {
  const builds = buildsOf(cell, all);
  const none = builds.length === 0 ? whyNoBuild(cell) : null;
  const seconds = builds.map(({ phase }) => phase.seconds);
  const common = sensorsOf((one) => sawAll(one, builds, cell, against));
  const sensors = common ?? sensorsOf((one) => buildEnergies(builds, one).found.length > 0);
  const energies = sensors ? buildEnergies(builds, sensors).found : [];
  const mean = (values: Estimate[]) => meanOf(values, `builds of ${cell.cell.id}`);
  const unknown = none ?? whyNoEnergy(builds, cell, against);
  return {
    cell: cell.cell.id,
    against: against.cell.id,
    model: cell.cell.model,
    batch: cell.cell.batch,
    builds: builds.length,
    buildSeconds: none === null ? plainMean(seconds) : { notMeasured: none },
    buildJ: sensors ? readingOf(mean(energies), energies.length) : { notMeasured: unknown },
    sensors,
    inferences: {
      energy: common ? count(mean(energies), cell, against, 'gross', common) : { unknown },
      time:
        none === null ? count(mean(seconds.map(asEstimate)), cell, against, 'time', null) : { unknown: none },
    },
  };
}

const asEstimate = (value: number): Estimate => ({ value, terms: [], gains: [] });

/** The widest that will do. */
const sensorsOf = (will: (sensors: Sensors) => boolean): Sensors | null =>
  (['total', 'gpu', 'cpu'] as const).find(will) ?? null;

/** The build, and the inferences of both. */
function sawAll(
  sensors: Sensors,
  builds: readonly Build[],
  cell: PreparedCell,
  against: PreparedCell,
): boolean {
  if (buildEnergies(builds, sensors).found.length === 0) return false;
  return [cell, against].every((one) => meanPerInference(one, 'gross', sensors) !== null);
}

function whyNoEnergy(builds: readonly Build[], cell: PreparedCell, against: PreparedCell): string {
  const build = buildEnergies(builds, 'gpu');
  const inferences = [cell, against].map((one) => estimates(one, 'gpu', 'gross', 'inference'));
  const bare = [build, ...inferences].find(({ found }) => found.length === 0);
  return bare?.reason ?? 'no sensor saw the build and the inferences of both';
}

function count(
  build: Estimate,
  cell: PreparedCell,
  against: PreparedCell,
  metric: 'gross' | 'time',
  sensors: Sensors | null,
): Count {
  const [own, other] = [cell, against].map((one) => meanPerInference(one, metric, sensors));
  if (!own || !other) return { unknown: 'an inference was not measured' };
  const pairs = pairsOf(against, cell, metric, sensors);
  const saved = pairs
    ? meanOf(
        pairs.map((pair) => difference(pair.a, pair.b)),
        `${against.cell.id} less ${cell.cell.id}`,
      )
    : difference(other, own);
  const what = metric === 'time' ? 'time' : 'energy';
  const where = groupName(cell.cell.model, cell.cell.batch);
  const none = noInterval(own, other);
  if (none !== undefined) {
    if (saved.value > 0) return { value: build.value / saved.value, noInterval: none };
    return { unknown: `an inference saved no ${what} for ${where}, and ${none}` };
  }
  const answer = paidAfter(comparable(build), comparable(saved), what);
  if (answer.status === 'ok') return { value: answer.runs, lo: answer.lo, hi: answer.hi };
  if (answer.status === 'never') return { never: `an inference saves no ${what} for ${where}` };
  const { atLeast } = answer;
  const unknown = `whether an inference saves ${what} cannot be told`;
  return { unknown, ...(atLeast === undefined ? {} : { atLeast }) };
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
