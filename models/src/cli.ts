import { parseArgs } from 'node:util';
import { listModels } from './architectures.js';
import type { Precision } from './builder.js';
import { ModelsError } from './errors.js';
import { writeInputs } from './inputs.js';
import { writeModel } from './models.js';

const USAGE = `Usage: microjoule-models <command> [options]

  list                     the models, with their parameters, multiply-adds and nodes
    --json                 as JSON
  write MODEL              writes model.onnx, weights.safetensors and manifest.json into a new folder
    --out DIR              the folder; ./MODEL
    --seed N               of the weights; 0
    --precision fp32|fp16  of weights and arithmetic; fp32
  inputs MODEL             writes inputs with the statistics of real ones, one .npy file each, into a new folder
    --out DIR              the folder; ./MODEL-inputs
    --batch N              images or sequences; 1
    --seed N               0
    --sequence-length N    tokens, padding included (bert-base); 128
  --help, --version
`;

type Options = Readonly<Record<string, { type: 'string' | 'boolean' }>>;

interface Command {
  readonly options: Options;
  readonly takesModel: boolean;
  run(model: string, values: Values): Promise<void>;
}

class Values {
  readonly #values: Readonly<Record<string, string | boolean | undefined>>;

  constructor(values: Readonly<Record<string, string | boolean | undefined>>) {
    this.#values = values;
  }

  flag(name: string): boolean {
    return this.#values[name] === true;
  }

  text<K extends string>(name: string, key: K): { [k in K]?: string } {
    const value = this.#values[name];
    return (typeof value === 'string' ? { [key]: value } : {}) as { [k in K]?: string };
  }

  count<K extends string>(name: string, key: K): { [k in K]?: number } {
    const value = this.#values[name];
    if (value === undefined) return {};
    if (typeof value !== 'string' || !/^\d+$/.test(value)) {
      throw new ModelsError('invalid-argument', `--${name} takes a whole number, not '${value}'.`);
    }
    return { [key]: Number(value) } as { [k in K]?: number };
  }
}

const TEXT = { type: 'string' } as const;

const COMMANDS: Readonly<Record<string, Command>> = {
  list: {
    options: { json: { type: 'boolean' } },
    takesModel: false,
    run: async (_, values) => list(values.flag('json')),
  },
  write: { options: { out: TEXT, seed: TEXT, precision: TEXT }, takesModel: true, run: write },
  inputs: {
    options: { out: TEXT, batch: TEXT, seed: TEXT, 'sequence-length': TEXT },
    takesModel: true,
    run: async (model, values) => {
      const files = await writeInputs(model, {
        out: `${model}-inputs`,
        ...values.text('out', 'out'),
        ...values.count('batch', 'batch'),
        ...values.count('seed', 'seed'),
        ...values.count('sequence-length', 'sequenceLength'),
      });
      for (const file of files) process.stdout.write(`${file}\n`);
    },
  },
};

function list(json: boolean): void {
  const models = listModels();
  if (json) {
    process.stdout.write(`${JSON.stringify(models, null, 2)}\n`);
    return;
  }
  for (const { name, title, parameters, multiplyAdds, nodes } of models) {
    const figures = `${(parameters / 1e6).toFixed(2)} M parameters, ${(multiplyAdds / 1e9).toFixed(2)} G multiply-adds`;
    process.stdout.write(`${name.padEnd(12)} ${title}: ${figures}, ${nodes} nodes\n`);
  }
}

/** Ctrl-C removes what was written so far; a second one ends the process at once. */
function abortOnInterrupt(): AbortSignal {
  const controller = new AbortController();
  process.once('SIGINT', () => controller.abort());
  process.once('SIGTERM', () => controller.abort());
  return controller.signal;
}

async function write(model: string, values: Values): Promise<void> {
  const { precision } = values.text('precision', 'precision');
  const line = process.stderr.isTTY ? (text: string) => process.stderr.write(`\r\x1b[K${text}`) : () => false;
  const written = await writeModel(model, {
    out: model,
    ...values.text('out', 'out'),
    ...values.count('seed', 'seed'),
    ...(precision === undefined ? {} : { precision: precision as Precision }),
    signal: abortOnInterrupt(),
    onProgress: (done, total) =>
      line(`${model}: ${(done / 1e6).toFixed(0)} of ${(total / 1e6).toFixed(0)} MB`),
  }).finally(() => line(''));
  process.stdout.write(`${written.model}\n${written.weights}\n`);
}

async function main(argv: readonly string[]): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || argv.includes('--help')) {
    process.stdout.write(USAGE);
    return name === undefined ? 2 : 0;
  }
  if (name === '--version') {
    process.stdout.write(`${(require('../package.json') as { version: string }).version}\n`);
    return 0;
  }
  const command = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
  if (!command) throw new ModelsError('invalid-argument', `There is no command '${name}'.`, USAGE.trimEnd());
  const { positionals, values } = parse(rest, command.options);
  const expected = command.takesModel ? 1 : 0;
  if (positionals.length !== expected) {
    const what = expected === 1 ? 'the name of one model' : 'no further arguments';
    throw new ModelsError('invalid-argument', `${name} takes ${what}.`, USAGE.trimEnd());
  }
  await command.run(positionals[0] ?? '', new Values(values));
  return 0;
}

function parse(args: string[], options: Options) {
  try {
    return parseArgs({ args, options, allowPositionals: true, strict: true });
  } catch (error) {
    const sentence = (error as Error).message.split('. ')[0]?.replace(/\.$/, '');
    throw new ModelsError('invalid-argument', `${sentence}.`, USAGE.trimEnd());
  }
}

main(process.argv.slice(2)).then(
  (code) => {
    process.exitCode = code;
  },
  (error: unknown) => {
    if (!(error instanceof ModelsError)) throw error;
    process.stderr.write(`microjoule-models: ${error.message}\n`);
    if (error.remedy) process.stderr.write(`${error.remedy}\n`);
    process.stderr.write(`[${error.code}]\n`);
    process.exitCode = error.code === 'invalid-argument' ? 2 : error.code === 'aborted' ? 130 : 1;
  },
);
