// Each finding of the paper against the data: holds, does not hold, or cannot be told.
import { CLAIMS, type Claim, type Family, type Pair } from './claims.js';
import { groupName } from './names.js';
import { estimates, type PreparedCell, whyNoRuns } from './prepared.js';
import type { Answer, Comparison, Finding, FindingEvidence, Group, GroupTests } from './types.js';
import { percent } from './words.js';

const OF_THE_PAPER = 64;

export function findings(
  cells: readonly PreparedCell[],
  groups: readonly Group[],
  batches: readonly number[],
): Finding[] {
  const large = batches.includes(OF_THE_PAPER) ? OF_THE_PAPER : Math.max(...batches);
  return CLAIMS.flatMap((claim) => {
    const told = claim.families.filter((on) => pairsOn(claim, on, cells, large).length > 0);
    const shown = told.length > 0 ? told : [familyToName(cells, claim)];
    return shown.map((on) => finding(claim, on, pairsOn(claim, on, cells, large), groups));
  });
}

const familyToName = (cells: readonly PreparedCell[], { families }: Claim): Family =>
  families.find((family) => cells.some((cell) => familyOf(cell) === family)) ?? 'GPU';

function pairsOn(claim: Claim, on: Family, cells: readonly PreparedCell[], large: number): Pair[] {
  if (large <= 1 && claim.id.endsWith(String(OF_THE_PAPER))) return [];
  return claim.pairs(
    cells.filter((cell) => familyOf(cell) === on && !cell.cell.null),
    large,
  );
}

const familyOf = ({ cell }: PreparedCell): Family => (cell.subject.provider === 'cpu' ? 'CPU' : 'GPU');

function finding(claim: Claim, on: Family, pairs: readonly Pair[], groups: readonly Group[]): Finding {
  const by = (pick: (group: Group) => GroupTests | null) => {
    const evidence = pairs.map((pair) => evidenceOf(claim, pair, groups, pick));
    return { ...answerOf(claim, evidence), evidence };
  };
  const energy = by((group) => group.energy);
  return {
    id: claim.id,
    claim: claim.claim,
    on,
    answer: energy.answer,
    summary: energy.summary,
    evidence: [
      ...energy.evidence,
      ...(claim.id === 'mxnet-vision-batch-1' ? processorShares(pairs, groups) : []),
    ],
    byTime: by((group) => group.time),
  };
}

function evidenceOf(
  claim: Claim,
  { a, b }: Pair,
  groups: readonly Group[],
  pick: (group: Group) => GroupTests | null,
): FindingEvidence {
  const { model, batch } = a.cell;
  const group = groupName(model, batch);
  const tests = groups.filter((one) => one.model === model && one.batch === batch).map(pick)[0] ?? null;
  const [first, second] = [a.cell.id, b.cell.id];
  const comparison = tests?.comparisons.find(
    (one) => (one.a === first && one.b === second) || (one.a === second && one.b === first),
  );
  if (!comparison) return { group, bearing: 'open', ratio: null, text: whyNotCompared(a, b, tests) };
  const { ratio } = comparison.ratio;
  return {
    group,
    bearing: bearingOf(claim, comparison, first),
    ratio: comparison.a === first ? ratio : 1 / ratio,
    text: comparison.sentence,
  };
}

function bearingOf(
  claim: Claim,
  { verdict, a, ratio }: Comparison,
  first: string,
): FindingEvidence['bearing'] {
  if (verdict === 'open') return 'open';
  // Less, as claimed, by what the method cannot tell from nothing: that refutes nobody.
  const asClaimedButSmall = verdict === 'same' && a === first && ratio.hi !== null && ratio.hi < 1;
  if (claim.relation === 'less' && asClaimedButSmall) return 'open';
  const asClaimed = claim.relation === 'same' ? verdict === 'same' : verdict === 'less' && a === first;
  return asClaimed ? 'supports' : 'contradicts';
}

function whyNotCompared(a: PreparedCell, b: PreparedCell, tests: GroupTests | null): string {
  const absent = [a, b].filter(({ runs }) => runs.length === 0);
  const reasons = (absent.length > 0 ? absent : [a, b]).flatMap((cell) => {
    if (cell.runs.length === 0) return [`${cell.cell.id}: ${whyNotRun(cell)}`];
    const left = tests?.left.find(({ cell: id }) => id === cell.cell.id);
    if (left) return [`${left.cell}: ${left.reason}`];
    const wrong = cell.runs.some(({ record }) => record.agreement?.agrees === false);
    if (wrong) return [`${cell.cell.id}: its outputs disagree with the reference`];
    const { found, reason } = estimates(cell, 'total', 'gross', 'run');
    return found.length === 0 ? [`${cell.cell.id}: ${reason}`] : [];
  });
  const text = [...new Set(reasons)].map((reason) => reason.replace(/\.$/, '')).join('; ');
  const pair = `${a.label} and ${b.label} were not compared for ${groupName(a.cell.model, a.cell.batch)}`;
  return `${pair}: ${text === '' ? 'they have no reading in common' : text}.`;
}

function whyNotRun(cell: PreparedCell): string {
  const failure = cell.records.filter((record) => record.failure).at(-1)?.failure;
  return failure?.reason ?? whyNoRuns(cell);
}

function answerOf(claim: Claim, evidence: readonly FindingEvidence[]): { answer: Answer; summary: string } {
  const count = (bearing: FindingEvidence['bearing']) =>
    evidence.filter((one) => one.bearing === bearing).length;
  const [all, yes, no, open] = [evidence.length, count('supports'), count('contradicts'), count('open')];
  if (all === 0)
    return { answer: 'cannot be told', summary: `The run table has no cells for it: ${claim.needs}.` };
  const [first] = evidence;
  const reason = open === all && first ? ` ${first.text}` : '';
  const tally = `${yes} of ${all} comparisons as claimed, ${no} otherwise, ${open} open.${sizes(evidence)}${reason}`;
  if (claim.quantifier === 'most') {
    if (2 * yes > all) return { answer: 'holds', summary: tally };
    return { answer: 2 * (yes + open) <= all ? 'does not hold' : 'cannot be told', summary: tally };
  }
  if (no > 0) return { answer: 'does not hold', summary: tally };
  return { answer: yes === all ? 'holds' : 'cannot be told', summary: tally };
}

/** What was told, from the least to the most. */
function sizes(evidence: readonly FindingEvidence[]): string {
  const told = evidence.filter(({ bearing }) => bearing === 'supports' || bearing === 'contradicts');
  const ratios = told.flatMap(({ ratio }) => ratio ?? []).sort((a, b) => b - a);
  const [most, least] = [ratios[0], ratios.at(-1)];
  if (most === undefined || least === undefined) return '';
  const word = (ratio: number) => `${percent(Math.abs(1 - ratio))} ${ratio <= 1 ? 'less' : 'more'}`;
  return word(most) === word(least) ? ` ${word(most)}.` : ` From ${word(most)} to ${word(least)}.`;
}

/** The paper's reason: "due to efficient GPU usage and thus low CPU usage". */
function processorShares(pairs: readonly Pair[], groups: readonly Group[]): FindingEvidence[] {
  const seen = new Set<string>();
  return pairs.flatMap(({ a, b }) =>
    [a, b].flatMap((cell) => {
      const { id, model, batch } = cell.cell;
      const known = groups.some((group) => group.model === model && group.batch === batch);
      const runs = cell.runs.filter((run) => !run.excluded && run.steady.cpuSeconds !== null);
      if (seen.has(id) || !known || runs.length === 0) return [];
      seen.add(id);
      const share =
        runs.reduce((sum, { steady }) => sum + (steady.cpuSeconds as number) / steady.seconds, 0) /
        runs.length;
      const util = runs.flatMap(({ steady }) => steady.meanGpuUtilisationPercent ?? []);
      const gpu =
        util.length > 0 ? `, GPU ${(util.reduce((x, y) => x + y, 0) / util.length).toFixed(0)} % busy` : '';
      const text = `${cell.label} kept ${share.toFixed(2)} processors busy${gpu}.`;
      return [{ group: groupName(model, batch), bearing: 'aside' as const, ratio: null, text }];
    }),
  );
}
