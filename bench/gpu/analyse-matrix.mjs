// From matrix.json of matrix.mjs to tables in Markdown: node bench/gpu/analyse-matrix.mjs OUT/matrix.json
// Latencies are medians over rounds, ratios of two loops those of the rounds' pairs with a bootstrapped 95 % interval;
// energies are weighted by runs, their intervals the mean of the rounds' (errors of one board do not average out).
import { readFileSync } from 'node:fs';
import { randomOf } from '../lib/random.mjs';
import { median, pairedRatio, sum } from '../lib/statistics.mjs';

const { about, cells, skipped } = JSON.parse(readFileSync(process.argv[2], 'utf8'));

const random = randomOf(1);
const groups = new Map();
for (const row of cells) {
  const key = `${row.model} batch ${row.batch}`;
  if (!groups.has(key)) groups.set(key, new Map());
  const group = groups.get(key);
  if (!group.has(row.cell)) group.set(row.cell, []);
  group.get(row.cell).push(row);
}

const good = (rows, side) => rows.map((row) => row[side]).filter((result) => result && !result.failed);
const middle = (list, key) => (list.length > 0 ? median(list.map((result) => result[key])) : Number.NaN);
const show = (x, digits = 3) => (Number.isFinite(x) ? x.toFixed(digits) : '–');

/** Mean of a figure over rounds, with its uncertainty; undefined where no round has it. */
function energy(list, pick) {
  const known = list
    .map((result) => ({ runs: result.runs, ...pick(result) }))
    .filter(({ mJ }) => Number.isFinite(mJ));
  if (known.length === 0) return undefined;
  const runs = sum(known.map((figure) => figure.runs));
  return {
    mJ: sum(known.map((figure) => figure.mJ * figure.runs)) / runs,
    u: sum(known.map((figure) => figure.uncertaintyMj)) / known.length,
  };
}
const showEnergy = (figure) => (figure ? `${show(figure.mJ, 2)} ± ${show(figure.u, 2)}` : '–');

/** How far repeats of one loop are apart: largest over smallest median, as a share. */
function spread(list) {
  const medians = list.map((result) => result.p50);
  return medians.length < 2 ? Number.NaN : Math.max(...medians) / Math.min(...medians) - 1;
}

/** Ratio of the medians of two loops in the same rounds; undefined where no round has both. */
function ratio(rows, above, below) {
  const both = rows.filter((row) => [above, below].every((side) => row[side]?.p50 > 0));
  if (both.length === 0) return undefined;
  const [a, b] = [above, below].map((side) => both.map((row) => row[side].p50));
  return pairedRatio(a, b, random);
}
const showRatio = (found) =>
  found ? `${show(found.value, 4)} (${show(found.lo, 3)} to ${show(found.hi, 3)})` : '–';

const percent = ({ value, lo, hi }) =>
  `${show(100 * (value - 1), 2)} % (95 % interval ${show(100 * (lo - 1), 2)} to ${show(100 * (hi - 1), 2)} %)`;

function line(cell, rows) {
  const [ours, bare] = ['ours', 'bare'].map((side) => good(rows, side));
  // What a suspect round says of its energy is no figure.
  const sound = ours.filter(({ board }) => board.status !== 'suspect');
  const gross = energy(sound, (result) => result.window?.gross);
  const bareGross = energy(bare, (result) => result.window?.gross);
  return [
    cell,
    show(middle(ours, 'p50')),
    show(middle(ours, 'p99')),
    showEnergy(energy(sound, (result) => result.board?.net ?? result.board?.value)),
    showEnergy(gross),
    `${sound.length} of ${ours.length}`,
    show(middle(bare, 'p50')),
    showRatio(ratio(rows, 'ours', 'bare')),
    show(100 * spread(bare), 1),
    showEnergy(bareGross),
    showRatio(ratio(rows, 'run', 'peer')),
  ];
}

const HEAD = [
  'cell',
  'p50 ms',
  'p99 ms',
  'net mJ',
  'gross mJ',
  'rounds with energy',
  'bare p50 ms',
  'ours / bare',
  "bare's spread %",
  'bare gross mJ',
  'run() / onnxruntime-node',
];
const markdown = (rows) => rows.map((row) => `| ${row.join(' | ')} |`).join('\n');

console.log(
  `${about?.date ?? ''}, ONNX Runtime ${about?.onnxruntime ?? '?'}, driver ${about?.machine?.driver?.nvml ?? '?'}`,
);
console.log('\nEnergies are of one inference with the half-width of the 95 % interval.');
for (const [title, group] of groups) {
  const lines = [...group].map(([cell, rows]) => line(cell, rows));
  console.log(`\n### ${title}\n\n${markdown([HEAD, HEAD.map(() => '---'), ...lines])}`);
  for (const sentence of remarks(group)) console.log(`\n- ${sentence}`);
}
if (skipped.length > 0) {
  console.log('\n### Not measured\n');
  for (const { model, batch, cell, reason } of skipped)
    console.log(`- ${model} batch ${batch} ${cell}: ${reason}`);
}

/** What is asked of each group, where it does not hold. */
function* remarks(group) {
  for (const [cell, rows] of group) {
    const failures = rows.flatMap((row) =>
      ['ours', 'bare', 'run', 'peer'].flatMap((side) =>
        row[side]?.failed ? [`${side}: ${row[side].failed}`] : [],
      ),
    );
    for (const failure of new Set(failures)) yield `${cell} failed, ${failure}`;
    const [loop, run] = [ratio(rows, 'ours', 'bare'), ratio(rows, 'run', 'peer')];
    if (loop && (loop.lo > 1.01 || loop.hi < 0.99)) yield `${cell}: ${percent(loop)} from the bare loop.`;
    else if (loop && (loop.hi > 1.01 || loop.lo < 0.99)) {
      yield `${cell}: 1 % beside the bare loop can neither be shown nor refuted, whose own repeats differ by ${show(100 * spread(good(rows, 'bare')), 1)} %.`;
    }
    if (run && run.lo > 1) yield `${cell}: run() is slower than onnxruntime-node's, ${percent(run)}.`;
  }
  for (const path of ['host', 'device']) {
    const [cuda, tensorrt] = ['cuda', 'tensorrt'].map((name) =>
      middle(good(group.get(`${name}-${path}`) ?? [], 'ours'), 'p50'),
    );
    if (tensorrt >= cuda) yield `TensorRT does not beat CUDA on the ${path} path.`;
  }
}
