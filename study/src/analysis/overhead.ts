// What sampling did to the time of an inference, cell by cell, from the pairs of blocks of its runs.
import type { PreparedCell } from './prepared.js';
import { countedRuns } from './prepared.js';
import { logRatio, type PairedDifference, relativeDifference } from './stats/paired.js';
import { mean } from './stats/summary.js';
import type { FailedCheck, OverheadRow } from './types.js';
import { signedPercent } from './words.js';

/** From so many runs on their means are told, which hold what differs from process to process; below, their pairs. */
const ENOUGH_RUNS = 5;
/** Sampling that surely does more than this to the time is told as a fault. */
const ALLOWED = 0.005;

export function overheadRow(prepared: PreparedCell): OverheadRow | null {
  const recorded = countedRuns(prepared).flatMap(({ record }) => record.overhead ?? []);
  const [first] = recorded;
  if (!first) return null;
  const runs = recorded.map(({ pairs }) => pairs.map(logRatio)).filter(({ length }) => length > 0);
  const difference = relativeDifference(runs.length < ENOUGH_RUNS ? runs.flat() : runs.map(mean));
  return {
    cell: prepared.cell.id,
    runs: runs.length,
    pairs: runs.flat().length,
    difference,
    sentence: difference ? sentenceOf(difference) : `Not told: ${first.reason ?? 'too few blocks'}.`,
  };
}

const sentenceOf = ({ value, lo, hi }: PairedDifference): string =>
  `Sampling changed the time per inference by ${signedPercent(value)} (95 % CI ${signedPercent(lo)} to ${signedPercent(hi)}).`;

export function overheadCheck(prepared: PreparedCell): FailedCheck[] {
  const row = overheadRow(prepared);
  const [first] = prepared.runs;
  if (!first || !row?.difference) return [];
  const { lo, hi } = row.difference;
  if (lo <= ALLOWED && hi >= -ALLOWED) return [];
  return [
    { run: first.record.id, cell: row.cell, check: 'sampling', reason: row.sentence.replace(/\.$/, '') },
  ];
}
