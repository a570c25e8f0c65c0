import type { Cell, ModelName, Plan, PlannedRun, RunTable, Subject } from '../types/table.js';
import { impossible } from './impossible.js';
import { shuffler } from './shuffle.js';

/** Cells of the table, and runs in the order in which they are made: repetition by repetition, each shuffled. */
export function planOf(table: RunTable): Plan {
  const cells = cellsOf(table);
  const possible = cells.filter((cell) => !cell.impossible);
  const shuffled = shuffler(table.seed);
  const runs = Array.from({ length: table.repetitions }, (_, repetition) =>
    shuffled(possible).map(({ id }): PlannedRun => ({ id: `${id}#${repetition}`, cell: id, repetition })),
  );
  return { cells, runs: runs.flat() };
}

function cellsOf(table: RunTable): Cell[] {
  const { nullRun, subjects, models, batches } = table;
  const contenders = [
    ...subjects.map((subject) => ({ subject, isNull: false })),
    ...subjects.filter(({ id }) => id === nullRun?.subject).map((subject) => ({ subject, isNull: true })),
  ];
  return contenders.flatMap(({ subject, isNull }) =>
    models.flatMap((model) => batches.map((batch) => cellOf(table, subject, model, batch, isNull))),
  );
}

function cellOf(table: RunTable, subject: Subject, model: ModelName, batch: number, isNull: boolean): Cell {
  const excluded = table.exclude.find(
    (one) =>
      (one.subject ?? subject.id) === subject.id &&
      (one.model ?? model) === model &&
      (one.batch ?? batch) === batch,
  );
  const reason = impossible(subject);
  return {
    id: `${subject.id}${isNull ? '~null' : ''}/${model}/${batch}`,
    subject,
    model,
    batch,
    null: isNull,
    ...(excluded
      ? { impossible: { reason: excluded.reason, by: 'table' as const } }
      : reason
        ? { impossible: { reason, by: 'plan' as const } }
        : {}),
  };
}
