import { cpus } from 'node:os';

/**
 * One line of the table: `ours` against `baseline` in the same run and unit. `limit` is the ratio (or, without a
 * baseline, the figure) that issue and README promise; it is printed beside the result and never asserted.
 * @typedef {{ what: string, ours: number, unit: string, baseline?: number, against?: string, limit?: number }} Row
 */

/** Hands rows to `npm run bench`, or prints them where the file is run by itself. */
export function report(/** @type {Row[]} */ rows) {
  if (process.send) process.send(rows);
  else printTable(rows);
}

export function printTable(/** @type {Row[]} */ rows) {
  console.log(
    `\nNode ${process.version}, ${cpus()[0]?.model ?? 'unknown CPU'}, ${cpus().length} logical CPUs\n`,
  );
  const number = (value) => (value === undefined ? '' : Number(value.toPrecision(3)).toString());
  const cells = rows.map(({ what, ours, unit, baseline, against, limit }) => [
    what,
    `${number(ours)} ${unit}`,
    baseline === undefined ? '' : `${number(baseline)} ${unit}  ${against}`,
    baseline === undefined ? '' : `${number(ours / baseline)}x`,
    limit === undefined ? '' : baseline === undefined ? `${number(limit)} ${unit}` : `${number(limit)}x`,
  ]);
  const table = [['what', 'microjoule', 'against', 'ratio', 'at most'], ...cells];
  const widths = table[0].map((_, column) => Math.max(...table.map((row) => row[column].length)));
  for (const row of table)
    console.log(
      row
        .map((cell, i) => cell.padEnd(widths[i]))
        .join('  ')
        .trimEnd(),
    );
}
