import { type CalibrateOptions, type CalibrateProgress, type ProbeOptions, probe } from '../index.js';
import { type Arguments, parse } from './arguments.js';
import { fixOf } from './probe-fix.js';
import { describeProbe } from './probe-report.js';
import { statusLine } from './progress.js';
import { invalidArgument } from './refuse.js';
import { ROOT_OPTIONS, rootsOf } from './roots.js';
import { USAGE } from './usage.js';

const OPTIONS = {
  json: { type: 'boolean' },
  fix: { type: 'boolean' },
  'cross-check': { type: 'boolean' },
  calibrate: { type: 'boolean' },
  device: { type: 'string', multiple: true },
  onnxruntime: { type: 'string' },
  'library-folder': { type: 'string', multiple: true },
  ...ROOT_OPTIONS,
} as const;

export async function probeCommand(argv: string[]): Promise<void> {
  const args = parse(argv, OPTIONS, USAGE);
  const [fix, crossCheck] = [args.flag('fix'), args.flag('cross-check')];
  if (fix && crossCheck) throw invalidArgument('Only one of --fix and --cross-check can be given.');
  const calibrate = calibrateOptions(args);
  if (fix && calibrate) throw invalidArgument('Only one of --fix and --calibrate can be given.');
  const onnxruntime = args.text('onnxruntime');
  const options: ProbeOptions = {
    ...rootsOf(args),
    ...(onnxruntime === undefined ? {} : { onnxruntime }),
    ...(calibrate ? { calibrate } : {}),
    libraryFolders: args.list('library-folder'),
    crossCheck,
    timing: !fix,
  };
  const report = await probe(options);
  const shown = fix ? fixOf(report) : report;
  const text = fix ? fixOf(report).script : describeProbe(report);
  process.stdout.write(args.flag('json') ? `${JSON.stringify(shown, null, 2)}\n` : text);
}

function calibrateOptions(args: Arguments): CalibrateOptions | undefined {
  const devices = args.list('device');
  if (!args.flag('calibrate')) {
    if (devices.length > 0)
      throw invalidArgument('--device says which board to calibrate: give --calibrate too.');
    return undefined;
  }
  const { show, clear } = statusLine();
  return {
    ...(devices.length > 0 ? { devices } : {}),
    onProgress: (progress) => {
      show(calibrateText(progress));
      if (progress.done === progress.planned) clear();
    },
  };
}

const PHASES = {
  load: 'sizing the load',
  bursts: 'bursts',
  fit: 'fitting',
  disturbance: 'whether reading disturbs',
} as const;

function calibrateText({ id, phase, done, planned }: CalibrateProgress): string {
  return `${id}: ${PHASES[phase]}${planned > 1 ? `, ${done} of ${planned}` : ''}`;
}
