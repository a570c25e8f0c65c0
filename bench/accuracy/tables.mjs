// The grid as tables of Markdown.
function table(heading, rows) {
  const line = (fields) => `| ${fields.join(' | ')} |`;
  return [line(heading), line(heading.map(() => '---')), ...rows.map(line)].join('\n');
}

const percent = (value) => (Math.abs(value) < 1 ? value.toFixed(2) : value.toPrecision(3));

export function grid(pools) {
  return table(
    ['counter', 'figure', 'cells', 'covered %', 'most misses of a cell', 'median U / RMSE'],
    pools.map(({ machine, kind, cells, covered, worst, uOverRmse }) => [
      machine,
      kind,
      cells,
      covered.toFixed(1),
      worst,
      uOverRmse.toFixed(1),
    ]),
  );
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)];
}

export function lengths(cells, machine) {
  const ours = cells.filter((cell) => cell.machine === machine);
  const keys = [...new Set(ours.map(({ length_ms, kind }) => `${length_ms} ${kind}`))];
  return table(
    ['length', 'figure', 'bias %', 'RMSE %', 'mean U %', 'counter difference RMSE %', '10 ms polling RMSE %'],
    keys.map((name) => {
      const [ms, kind] = name.split(' ');
      const of = (field) =>
        median(
          ours
            .filter((cell) => cell.length_ms === Number(ms) && cell.kind === kind)
            .map((cell) => cell[field]),
        );
      const fields = ['bias', 'rmse', 'u', 'plain_rmse', 'polled_rmse'].map((field) => percent(of(field)));
      return [`${ms} ms`, kind, ...fields];
    }),
  );
}

export function promises(rows) {
  return table(
    ['counter', 'figure', 'length', 'promised U %', 'mean U %'],
    rows.map(({ machine, kind, lengthMs, most, u }) => [machine, kind, `${lengthMs} ms`, most, percent(u)]),
  );
}

export function stack(rows) {
  return table(
    [
      'length',
      'bursts',
      'held the truth',
      'suspect',
      'bias %',
      'RMSE %',
      'mean U %',
      'counter difference RMSE %',
    ],
    rows.map(({ ms, n, held, suspect, bias, rmse, u, plainRmse }) => [
      `${ms} ms`,
      n,
      held,
      suspect,
      ...[bias, rmse, u, plainRmse].map(percent),
    ]),
  );
}

export function real(rows) {
  return table(
    [
      'burst',
      'n',
      'caused J: mean (standard error)',
      'sd J',
      'mean U J',
      'contain the mean',
      'difference J: mean (sd)',
    ],
    rows.map((row) => [
      row.burst_ms === 0 ? 'no work' : `${row.burst_ms} ms`,
      row.n,
      `${row.mean_j} (${row.standard_error_j})`,
      row.sd_j,
      row.mean_u_j,
      row.contain_mean,
      `${row.plain_mean_j} (${row.plain_sd_j})`,
    ]),
  );
}
