import { type ProbeOptions, probe } from '../index.js';
import { parse } from './arguments.js';
import { fixOf } from './probe-fix.js';
import { describeProbe } from './probe-report.js';
import { invalidArgument } from './refuse.js';
import { ROOT_OPTIONS, rootsOf } from './roots.js';
import { USAGE } from './usage.js';

const OPTIONS = {
  json: { type: 'boolean' },
  fix: { type: 'boolean' },
  'cross-check': { type: 'boolean' },
  onnxruntime: { type: 'string' },
  'library-folder': { type: 'string', multiple: true },
  ...ROOT_OPTIONS,
} as const;

export async function probeCommand(argv: string[]): Promise<void> {
  const args = parse(argv, OPTIONS, USAGE);
  const [fix, crossCheck] = [args.flag('fix'), args.flag('cross-check')];
  if (fix && crossCheck) throw invalidArgument('Only one of --fix and --cross-check can be given.');
  const onnxruntime = args.text('onnxruntime');
  const options: ProbeOptions = {
    ...rootsOf(args),
    ...(onnxruntime === undefined ? {} : { onnxruntime }),
    libraryFolders: args.list('library-folder'),
    crossCheck,
    timing: !fix,
  };
  const report = await probe(options);
  const shown = fix ? fixOf(report) : report;
  const text = fix ? fixOf(report).script : describeProbe(report);
  process.stdout.write(args.flag('json') ? `${JSON.stringify(shown, null, 2)}\n` : text);
}
