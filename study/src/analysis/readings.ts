// Gross and net side by side: subtracting idle moves a ratio between runtimes.
import { idleOf } from './cell.js';
import { contrast } from './contrast.js';
import type { PreparedCell } from './prepared.js';
import type { Group, ReadingRow } from './types.js';

/** Each cell over the one that takes least of its group. */
export function readingRows(groups: readonly Group[], cells: readonly PreparedCell[]): ReadingRow[] {
  const find = (id: string) => cells.find(({ cell }) => cell.id === id) as PreparedCell;
  return groups.flatMap(({ model, batch, energy }) => {
    const [reference, ...rest] = energy?.cells ?? [];
    const sensors = energy?.sensors;
    if (!reference || !sensors) return [];
    return rest.flatMap((cell): ReadingRow[] => {
      const [gross, net] = (['gross', 'net'] as const).map((basis) =>
        contrast(find(cell), find(reference), basis, sensors),
      );
      if (!gross || !net) return [];
      return [
        {
          model,
          batch,
          cell,
          reference,
          sensors,
          gross,
          net,
          idleW: idleOf(find(cell), sensors),
        },
      ];
    });
  });
}
