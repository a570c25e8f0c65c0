// The one outlier rule, fixed in the table before the run and applied to every cell or to none, and what is suspect.
import type { RunTable } from '../types/table.js';
import type { PreparedCell, PreparedRun } from './prepared.js';
import { quantile } from './stats/summary.js';
import type { ExcludedRow, Metric, Sensors } from './types.js';

type Rule = RunTable['outliers'];

/** Fewer values have no quartiles worth the name. */
const LEAST_FOR_QUARTILES = 4;

/** Marks runs as excluded, and lists them. */
export function exclude(cells: readonly PreparedCell[], rule: Rule): ExcludedRow[] {
  const suspect = cells.flatMap(excludeSuspect);
  return [
    ...suspect,
    ...(rule.rule === 'iqr' ? cells.flatMap((cell) => excludeOutliers(cell, rule.factor)) : []),
  ];
}

/** Of a cell in which some runs have a good figure. Where all are suspect, none is better, and the reading says why. */
function excludeSuspect(cell: PreparedCell): ExcludedRow[] {
  const reasonOf = (run: PreparedRun) => {
    const bad = (['gpu', 'cpu'] as const)
      .map((sensors) => run.energy[sensors].gross)
      .find((reading) => !reading.ok && reading.suspect);
    return bad && !bad.ok ? bad.reason : null;
  };
  const suspect = cell.runs.flatMap((run) => {
    const reason = reasonOf(run);
    return reason === null ? [] : [{ run, reason }];
  });
  if (suspect.length === cell.runs.length) return [];
  return suspect.map(({ run, reason }) => row(cell, run, 'suspect', reason));
}

function excludeOutliers(cell: PreparedCell, factor: number): ExcludedRow[] {
  const runs = cell.runs.filter((run) => !run.excluded);
  const { figureOf, name } = figureFor(runs);
  const values = runs.map(figureOf);
  if (values.length < LEAST_FOR_QUARTILES) return [];
  const [q1, q3] = [quantile(values, 0.25), quantile(values, 0.75)];
  const [lo, hi] = [q1 - factor * (q3 - q1), q3 + factor * (q3 - q1)];
  return runs.flatMap((run, i) => {
    const value = values[i] as number;
    if (value >= lo && value <= hi) return [];
    const reason = `${name} of ${short(value)} is outside ${short(lo)} to ${short(hi)}: quartiles and ${factor} times their distance`;
    return [row(cell, run, 'outlier', reason)];
  });
}

/** What cells are compared by: net energy if every run has it, else gross, else time; the widest sensors first. */
function figureFor(runs: readonly PreparedRun[]): { figureOf: (run: PreparedRun) => number; name: string } {
  for (const basis of ['net', 'gross'] as const satisfies Metric[]) {
    for (const sensors of ['total', 'gpu', 'cpu'] as const satisfies Sensors[]) {
      const readings = runs.map((run) => run.energy[sensors][basis]);
      if (!readings.every((reading) => reading.ok)) continue;
      const figureOf = (run: PreparedRun) => {
        const reading = run.energy[sensors][basis];
        return reading.ok ? reading.estimate.value / run.steady.inferences : Number.NaN;
      };
      return { figureOf, name: `${basis} energy an inference (${sensors}, J)` };
    }
  }
  return { figureOf: ({ steady }) => steady.seconds / steady.inferences, name: 'time an inference (s)' };
}

function row(cell: PreparedCell, run: PreparedRun, why: ExcludedRow['why'], reason: string): ExcludedRow {
  run.excluded = `${why}: ${reason}`;
  return { run: run.record.id, cell: cell.cell.id, why, reason };
}

const short = (value: number) => Number(value.toPrecision(4)).toString();
