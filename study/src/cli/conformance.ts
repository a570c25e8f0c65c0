import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { cachedModel, writeInputs } from 'microjoule-models';
import { refuse } from '../refuse.js';
import { type CheckResult, runConformance } from '../runtimes/conformance.js';
import type { Subject } from '../runtimes/conformance-checks.js';
import type { Provider } from '../types/table.js';
import { parse } from './arguments.js';
import { json } from './text.js';

const OPTIONS = {
  model: { type: 'string' },
  batch: { type: 'string' },
  provider: { type: 'string' },
  timeout: { type: 'string' },
  log: { type: 'boolean' },
  json: { type: 'boolean' },
} as const;
const SEQUENCE_LENGTH = 64;
const PROVIDERS: readonly string[] = ['cpu', 'cuda', 'tensorrt'] satisfies Provider[];

/** Runs any worker, given as the command after '--', through the protocol; 1 where it does not conform. */
export async function conformance(argv: string[]): Promise<number> {
  const at = argv.indexOf('--');
  const command = at < 0 ? [] : argv.slice(at + 1);
  if (command.length === 0) throw refuse('Give the command of a worker after --.');
  const args = parse(argv.slice(0, at), OPTIONS, { max: 0 });
  const provider = args.text('provider') ?? 'cpu';
  if (!PROVIDERS.includes(provider)) {
    throw refuse(`There is no provider '${provider}'.`, `Providers: ${PROVIDERS.join(', ')}.`);
  }
  const folder = mkdtempSync(join(tmpdir(), 'microjoule-conformance-'));
  try {
    const model = args.text('model') ?? 'mobilenetv2';
    const subject = await subjectOf(
      model,
      args.count('batch') ?? 1,
      provider as Provider,
      join(folder, 'inputs'),
    );
    const quiet = args.flag('json');
    const report = await runConformance(command, {
      subject,
      log: args.flag('log'),
      ...(args.text('timeout') === undefined ? {} : { timeoutSeconds: args.count('timeout') as number }),
      onCheck: (result) => {
        if (!quiet) process.stdout.write(`${lineOf(result)}\n`);
      },
    });
    if (quiet) process.stdout.write(json(report));
    return report.conforms ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function subjectOf(model: string, batch: number, provider: Provider, out: string): Promise<Subject> {
  const onnx = await cachedModel(model, { seed: 0 });
  const files = await writeInputs(model, { out, batch, sequenceLength: SEQUENCE_LENGTH });
  const inputs = Object.fromEntries(files.map((file) => [basename(file, '.npy'), file]));
  const outputs = model === 'bert-base' ? ['last_hidden_state', 'pooler_output'] : ['logits'];
  const weights = join(dirname(onnx), 'weights.safetensors');
  return { model, weights, onnx, provider, batch, sequenceLength: SEQUENCE_LENGTH, inputs, outputs };
}

function lineOf({ name, status, reason }: CheckResult): string {
  return `${status.padEnd(11)}  ${name}${reason === undefined ? '' : `\n             ${reason}`}`;
}
