// What a run's own record says against it: told, and judged by the reader.
import type { DeviceConditions } from 'microjoule';
import type { RunRecord } from '../types/journal.js';
import { overheadCheck } from './overhead.js';
import type { PreparedCell } from './prepared.js';
import { sameUuid } from './run-energy.js';
import type { FailedCheck, FailedRun } from './types.js';

export function failedRuns(records: readonly RunRecord[]): FailedRun[] {
  return records.flatMap(({ id, cell, status, failure, repetition, sequence, segment }) => {
    if (status === 'ok') return [];
    const { during = 'start', reason = 'no reason was recorded', log = [] } = failure ?? {};
    return [{ run: id, cell, status, repetition, sequence, segment, during, reason, log }];
  });
}

export function failedChecks(cells: readonly PreparedCell[]): FailedCheck[] {
  return cells.flatMap((cell) => [
    ...cell.records.flatMap(checksOfRun),
    ...checksOfCell(cell),
    ...overheadCheck(cell),
  ]);
}

function checksOfRun(run: RunRecord): FailedCheck[] {
  const failed = (check: FailedCheck['check'], reason: string) => ({
    run: run.id,
    cell: run.cell,
    check,
    reason,
  });
  const checks: FailedCheck[] = [];
  if (run.gate && !run.gate.passed) {
    checks.push(failed('gate', run.gate.reason ?? `not stable after ${run.gate.waitedSeconds.toFixed(0)} s`));
  }
  const { agreement, steady } = run;
  if (agreement?.agrees === false) {
    const { error, tolerance } = agreement;
    checks.push(
      failed(
        'agreement',
        `outputs differ by ${error ?? '?'} of the largest value, ${tolerance ?? '?'} is allowed`,
      ),
    );
  }
  const uuid = run.worker?.load?.deviceUuid;
  // Boards beside the one that the model ran on, or all of them, are others' concern.
  const own = steady?.devices.filter((device) => uuid && sameUuid(device.uuid, uuid)) ?? [];
  checks.push(...own.flatMap((device) => checksOfDevice(device, failed)));
  for (const { id, status, reason } of steady?.energies ?? []) {
    if (status === 'suspect') checks.push(failed('energy', `${id} is suspect: ${reason ?? ''}`));
    if (status === 'below-resolution') {
      checks.push(
        failed('energy', `${id} is below resolution: its uncertainty is more than half of its value`),
      );
    }
  }
  return checks;
}

function checksOfDevice(
  { id, throttleReasons, otherWork }: DeviceConditions,
  failed: (check: FailedCheck['check'], reason: string) => FailedCheck,
): FailedCheck[] {
  const throttled = throttleReasons && throttleReasons.length > 0;
  return [
    ...(throttled ? [failed('throttling', `${id}: ${throttleReasons.join(', ')}`)] : []),
    ...(otherWork === 'busy' ? [failed('other-work', `${id}: other processes were busy on it`)] : []),
  ];
}

/** Runs of one cell must be runs of one thing. */
function checksOfCell({ runs }: PreparedCell): FailedCheck[] {
  const [first, ...rest] = runs.map(({ record }) => record);
  if (!first) return [];
  const kindOf = ({ worker }: RunRecord) =>
    JSON.stringify([
      worker?.load?.callPath,
      worker?.load?.precision,
      worker?.load?.weights,
      worker?.inputHash,
      worker?.hello.versions,
    ]);
  return rest
    .filter((run) => kindOf(run) !== kindOf(first))
    .map((run) => ({
      run: run.id,
      cell: run.cell,
      check: 'configuration' as const,
      reason: `call path, precision, weights, inputs or versions are not those of ${first.id}`,
    }));
}
