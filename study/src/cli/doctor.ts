import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { RUNTIMES } from '../table/names.js';
import { readTableFile } from '../table/read-table.js';
import type { HelloAnswer } from '../types/protocol.js';
import type { RunTable, Runtime } from '../types/table.js';
import { logTail, Worker } from '../worker/client.js';
import { workerCommand } from '../worker/command.js';
import { WorkerFailure } from '../worker/failure.js';
import { parse } from './arguments.js';
import { table as columns, json } from './text.js';

/** The first import of a framework from a cold disk. */
const TIMEOUT_SECONDS = 180;

type Finding = { runtime: Runtime; program: string } & (
  | ({ found: true } & Pick<HelloAnswer, 'versions' | 'gpu'>)
  | { found: false; reason: string; remedy?: string; log: string[] }
);

/** Asks each runtime's worker who it is; fails where one cannot be started. */
export async function doctor(argv: string[]): Promise<number> {
  const args = parse(argv, { json: { type: 'boolean' } }, { max: 1 });
  const [path] = args.positionals;
  const table = path === undefined ? undefined : readTableFile(path);
  const folder = mkdtempSync(join(tmpdir(), 'microjoule-doctor-'));
  try {
    const findings: Finding[] = [];
    for (const runtime of runtimesOf(table))
      findings.push(await examine(runtime, table?.interpreters ?? {}, folder));
    process.stdout.write(args.flag('json') ? json(findings) : `${columns(findings.flatMap(rows))}\n`);
    return findings.every(({ found }) => found) ? 0 : 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function runtimesOf(table: RunTable | undefined): readonly Runtime[] {
  if (!table) return RUNTIMES;
  return RUNTIMES.filter((runtime) => table.subjects.some((subject) => subject.runtime === runtime));
}

async function examine(
  runtime: Runtime,
  interpreters: RunTable['interpreters'],
  folder: string,
): Promise<Finding> {
  const { program, args, missing } = workerCommand(runtime, interpreters);
  if (missing) return { runtime, program, found: false, ...missing, log: [] };
  const log = join(folder, `${runtime}.log`);
  try {
    const worker = await Worker.start({ program, args, cwd: folder, log });
    try {
      const { answer } = await worker.request<'hello'>({ op: 'hello', protocol: 1 }, TIMEOUT_SECONDS);
      await worker.close(TIMEOUT_SECONDS);
      return { runtime, program, found: true, versions: answer.versions, gpu: answer.gpu };
    } finally {
      await worker.killed();
    }
  } catch (error) {
    if (!(error instanceof WorkerFailure)) throw error;
    const remedy =
      error.code === 'not-installed' ? { remedy: `Run: microjoule-study setup-runtimes ${runtime}` } : {};
    return { runtime, program, found: false, reason: error.message, ...remedy, log: logTail(log) };
  }
}

function rows(finding: Finding): string[][] {
  const { runtime, program } = finding;
  if (!finding.found) {
    const why = [finding.reason, finding.remedy].filter((part) => part !== undefined).join(' ');
    return [[runtime, 'no', why], ...finding.log.slice(-3).map((line) => ['', '', line])];
  }
  const { versions, gpu } = finding;
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const device = gpu.usable ? `GPU ${gpu.name ?? gpu.uuid ?? ''}` : `no GPU: ${gpu.reason ?? 'unknown'}`;
  return [
    [runtime, 'yes', named.join(', ')],
    ['', '', device],
    ['', '', program],
  ];
}
