import type { Meter } from 'microjoule';
import type { PhaseName } from '../types/journal.js';
import type { RunTable } from '../types/table.js';
import type { Idle2024 } from './compat2024.js';
import type { StartWorker, StudyFiles } from './study-files.js';

/** What all runs of a segment are made with. */
export interface Bench {
  table: RunTable;
  meter: Meter;
  files: StudyFiles;
  start: StartWorker;
  /** Another meter that samples as `meter` does. */
  openSecond: () => Promise<Meter>;
  segment: number;
  /** Of the board before the first run of the segment, C; null: not known yet, or no board tells. */
  baselineC: number | null;
  idle2024: Idle2024 | undefined;
  signal: AbortSignal;
  onPhase: (phase: PhaseName | 'gate' | 'cool-down' | 'files') => void;
}
