// Figures of one row a cell share their layout: the name above the line, the figure on it. Nothing then depends on how wide
// a name is, which cannot be known without a browser.
import { colour } from '../palette.js';
import { WIDTH } from '../svg.js';

export const ROW_HEIGHT = 36;
const NAME_AT = 0.22;
const LINE_AT = 0.68;

export const nameAt = (row: number): number => row + NAME_AT;
export const lineAt = (row: number): number => row + LINE_AT;

export const frame = (rows: number) => ({ width: WIDTH - 8, height: rows * ROW_HEIGHT });

export const yOf = (field: string, rows: number) =>
  ({
    field,
    type: 'quantitative',
    axis: null,
    scale: { domain: [rows, 0], nice: false, zero: false },
  }) as const;

/** Names at the left, what is to be read at the right. */
export function textLayers(rows: readonly { name: string; text: string }[]) {
  const values = rows.map(({ name, text }, row) => ({ name, text, at: nameAt(row) }));
  const y = yOf('at', rows.length);
  return [
    {
      data: { values },
      mark: { type: 'text', align: 'left', baseline: 'middle' },
      encoding: { y, x: { value: 0 }, text: { field: 'name' } },
    },
    {
      data: { values },
      mark: { type: 'text', align: 'right', baseline: 'middle', color: colour('muted'), fontSize: 11 },
      encoding: { y, x: { value: WIDTH - 8 }, text: { field: 'text' } },
    },
  ] as const;
}
