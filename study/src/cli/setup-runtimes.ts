import { refuse } from '../refuse.js';
import { PYTHON_RUNTIMES, type PythonRuntime } from '../runtimes/requirements.js';
import { type SetUp, type SetUpOptions, setUpRuntime } from '../runtimes/setup.js';
import { type Arguments, parse } from './arguments.js';
import { untilInterrupted } from './interrupt.js';
import { duration, json, table } from './text.js';

const OPTIONS = {
  runtime: { type: 'string', multiple: true },
  cpu: { type: 'boolean' },
  cuda: { type: 'boolean' },
  interpreter: { type: 'string' },
  python: { type: 'string' },
  folder: { type: 'string' },
  json: { type: 'boolean' },
} as const;

/** Makes the environments of the Python runtimes, one after the other. */
export async function setupRuntimes(argv: string[]): Promise<number> {
  const args = parse(argv, OPTIONS, { max: PYTHON_RUNTIMES.length });
  const runtimes = runtimesOf(args);
  const options = optionsOf(args, runtimes);
  const made: SetUp[] = [];
  await untilInterrupted(async (signal) => {
    for (const runtime of runtimes) {
      const line = new ProgressLine(runtime);
      const onProgress = (what: string) => line.show(what);
      made.push(await setUpRuntime(runtime, { ...options, signal, onProgress }).finally(() => line.end()));
      if (!args.flag('json')) process.stdout.write(`${table([rowOf(made.at(-1) as SetUp)])}\n`);
    }
  });
  if (args.flag('json')) process.stdout.write(json(made));
  return 0;
}

function runtimesOf(args: Arguments): readonly PythonRuntime[] {
  const names = [...args.positionals, ...args.list('runtime')];
  for (const name of names) {
    if (!(PYTHON_RUNTIMES as readonly string[]).includes(name)) {
      throw refuse(`'${name}' has no Python environment.`, `Runtimes: ${PYTHON_RUNTIMES.join(', ')}.`);
    }
  }
  return names.length > 0 ? (names as PythonRuntime[]) : PYTHON_RUNTIMES;
}

function optionsOf(args: Arguments, runtimes: readonly PythonRuntime[]): SetUpOptions {
  const [cpu, cuda, interpreter, python, folder] = [
    args.flag('cpu'),
    args.flag('cuda'),
    args.text('interpreter'),
    args.text('python'),
    args.text('folder'),
  ];
  if (cpu && cuda) throw refuse('--cpu and --cuda exclude each other.');
  if (interpreter !== undefined && runtimes.length !== 1) {
    throw refuse('--interpreter belongs to one runtime.', 'Add --runtime NAME.');
  }
  return {
    ...(cpu ? { variant: 'cpu' } : cuda ? { variant: 'cuda' } : {}),
    ...(interpreter === undefined ? {} : { interpreter }),
    ...(python === undefined ? {} : { python }),
    ...(folder === undefined ? {} : { folder }),
  };
}

function rowOf({ runtime, variant, versions, megabytes, seconds, interpreter, gpu }: SetUp): string[] {
  const library = runtime === 'pytorch' ? versions.torch : versions[runtime];
  return [
    `${runtime} ${library ?? ''}`,
    `${variant}, Python ${versions.python ?? '?'}`,
    megabytes === null ? 'not ours' : `${megabytes} MB`,
    duration(seconds),
    gpu.usable ? `GPU ${gpu.name ?? ''}` : `no GPU: ${gpu.reason ?? 'unknown'}`,
    interpreter,
  ];
}

/** On a terminal a line that is drawn again, elsewhere a line each ten seconds. */
class ProgressLine {
  #shown = 0;

  constructor(
    private readonly runtime: string,
    private readonly out: NodeJS.WriteStream = process.stderr,
  ) {}

  show(what: string): void {
    if (this.out.isTTY) this.out.write(`\r\x1b[K${this.runtime}: ${what}`);
    else if (Date.now() - this.#shown > 10_000) {
      this.#shown = Date.now();
      this.out.write(`${this.runtime}: ${what}\n`);
    }
  }

  end(): void {
    if (this.out.isTTY) this.out.write('\r\x1b[K');
  }
}
