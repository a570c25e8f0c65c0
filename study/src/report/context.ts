import type { Analysis, CellResult } from '../analysis/types.js';
import type { JournalRecord } from '../types/journal.js';
import { type Html, html } from './html.js';

/** What every section is made from. */
export interface Context {
  analysis: Analysis;
  journal: readonly JournalRecord[];
  cell(id: string): CellResult | undefined;
  /** Said in every caption of a study whose counters are not real. */
  simulated: Html | null;
}

export function contextOf(analysis: Analysis, journal: readonly JournalRecord[]): Context {
  const cells = new Map(analysis.cells.map((cell) => [cell.id, cell]));
  return {
    analysis,
    journal,
    cell: (id) => cells.get(id),
    simulated: analysis.simulated ? html`<strong class="simulated">SIMULATED</strong> ` : null,
  };
}

export const labelOf = ({ cell }: Context, id: string): string => cell(id)?.label ?? id;
