// The grid's CSV, and what must hold of it.
// 38 of 400: at 5 % the chance of more is 1e-4.
const mostMisses = (runs) => 0.05 * runs + 4.13 * Math.sqrt(0.05 * 0.95 * runs);

/** @param {string} text lines of CSV with a heading */
export function parse(text) {
  const [heading, ...lines] = text.trim().split('\n');
  const names = heading.split(',');
  return lines.map((line) =>
    Object.fromEntries(
      line
        .split(',')
        .map((field, i) => [names[i], field !== '' && !Number.isNaN(Number(field)) ? Number(field) : field]),
    ),
  );
}

/** Cells of one machine and kind, together. */
export function pools(cells) {
  const by = Map.groupBy
    ? Map.groupBy(cells, key)
    : cells.reduce((map, cell) => map.set(key(cell), [...(map.get(key(cell)) ?? []), cell]), new Map());
  return [...by.values()].map((group) => {
    const sum = (name) => group.reduce((total, cell) => total + cell[name], 0);
    const ratios = group.map(({ u, rmse }) => u / rmse).sort((a, b) => a - b);
    return {
      machine: group[0].machine,
      kind: group[0].kind,
      cells: group.length,
      covered: 100 * (1 - sum('misses') / sum('runs')),
      worst: Math.max(...group.map(({ misses }) => misses)),
      uOverRmse: ratios[Math.floor(ratios.length / 2)],
    };
  });
}

const key = ({ machine, kind }) => `${machine}, ${kind}`;

/** Sentences about what does not hold; none: all does. */
export function failures(cells) {
  const named = (cell) => `${cell.machine}, ${cell.length_ms} ms, ${cell.load}, ${cell.kind}`;
  return [
    ...cells
      .filter(({ misses, runs }) => misses > mostMisses(runs))
      .map((cell) => `${named(cell)}: ${cell.misses} misses of ${cell.runs}`),
    ...pools(cells)
      .filter(({ covered }) => covered < 95)
      .map(({ machine, kind, covered }) => `${machine}, ${kind}: covers ${covered.toFixed(1)} % over all`),
  ];
}

/** The sizes of U that are promised for a flat load with ring, and without; per cent of the value. */
export const PROMISES = [
  ['100 ms counter and ring', 'caused', { 5: 20, 50: 4, 1000: 0.5, 5000: 0.2 }],
  ['100 ms counter and ring', 'window', { 50: 20, 1000: 1.5, 5000: 0.3 }],
  ['100 ms counter alone', 'window', { 1000: 8, 5000: 1.5 }],
];

export function promised(cells) {
  return PROMISES.flatMap(([machine, kind, sizes]) =>
    Object.entries(sizes).map(([length, most]) => {
      const cell = cells.find(
        (one) =>
          one.machine === machine &&
          one.kind === kind &&
          one.length_ms === Number(length) &&
          one.load === 'flat',
      );
      return { machine, kind, lengthMs: Number(length), most, u: cell.u };
    }),
  );
}
