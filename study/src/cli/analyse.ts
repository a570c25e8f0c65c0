import { join } from 'node:path';
import type { Analysis } from '../analysis/index.js';
import { refuse } from '../refuse.js';
import { JOURNAL } from '../run/study.js';
import { type Arguments, parse } from './arguments.js';
import { DEFAULT_OUT } from './run.js';
import { json } from './text.js';

const OPTIONS = {
  out: { type: 'string' },
  journal: { type: 'string' },
  into: { type: 'string' },
} as const;

const folderOf = (args: Arguments): string => args.text('out') ?? DEFAULT_OUT;
const journalOf = (args: Arguments): string => args.text('journal') ?? join(folderOf(args), JOURNAL);

/** analysis.json and tables as CSV; the verdicts on standard output. */
export async function analyseCommand(argv: string[]): Promise<number> {
  const args = parse(argv, { ...OPTIONS, json: { type: 'boolean' } }, { max: 0 });
  const { analyse, writeAnalysis } = await import('../analysis/index.js');
  const analysis = analyse(journalOf(args));
  const paths = writeAnalysis(analysis, args.text('into') ?? join(folderOf(args), 'analysis'));
  process.stdout.write(
    args.flag('json') ? json(analysis) : `${[...sentences(analysis), '', ...paths].join('\n')}\n`,
  );
  return 0;
}

function sentences({ simulated, findings, groups }: Analysis): string[] {
  return [
    ...(simulated ? ['SIMULATED: the counters of this study are a fake, not hardware.', ''] : []),
    ...groups.flatMap(
      ({ energy, time }) => (energy ?? time)?.comparisons.map(({ sentence }) => sentence) ?? [],
    ),
    '',
    ...findings.map(({ claim, answer, summary }) => `${claim} ${answer}: ${summary}`),
  ];
}

/** One HTML page. */
export async function reportCommand(argv: string[]): Promise<number> {
  const args = parse(argv, { ...OPTIONS, timeline: { type: 'string' } }, { max: 0 });
  const { analyse } = await import('../analysis/index.js');
  // Vega takes a while to load: only here.
  const { report } = await import('../report/index.js');
  const journal = journalOf(args);
  const analysis = analyse(journal);
  const timelineOf = args.text('timeline');
  if (timelineOf !== undefined && !analysis.runs.some(({ id }) => id === timelineOf)) {
    throw refuse(
      `There is no run '${timelineOf}' in ${journal}.`,
      'microjoule-study status lists what there is.',
    );
  }
  const into = args.text('into') ?? join(folderOf(args), 'report.html');
  await report(analysis, journal, into, timelineOf === undefined ? {} : { timelineOf });
  process.stdout.write(`${into}\n`);
  return 0;
}
