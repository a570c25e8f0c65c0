import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { stringify } from 'yaml';
import { refuse } from '../refuse.js';
import { readTableFile } from '../table/read-table.js';
import type { RunTable } from '../types/table.js';
import { parse } from './arguments.js';
import { DEFAULT_TABLE } from './init.js';
import { DEFAULT_OUT } from './run.js';

const OPTIONS = {
  shards: { type: 'string' },
  out: { type: 'string' },
  image: { type: 'string' },
  claim: { type: 'string' },
} as const;

interface Emit {
  table: RunTable;
  path: string;
  shards: number;
  out: string;
}

export async function emit(argv: string[]): Promise<number> {
  const args = parse(argv, OPTIONS, { min: 1, max: 2 });
  const [kind, path = DEFAULT_TABLE] = args.positionals;
  if (kind !== 'slurm' && kind !== 'kubernetes') {
    throw refuse(`There is nothing to emit for '${kind}'.`, 'Allowed: slurm, kubernetes.');
  }
  const shards = args.count('shards');
  if (!shards) throw refuse('emit needs --shards N, at least 1.');
  const given = { table: readTableFile(path), path, shards, out: args.text('out') ?? DEFAULT_OUT };
  if (kind === 'slurm') {
    process.stdout.write(slurm(given));
    return 0;
  }
  const image = args.text('image');
  if (image === undefined) throw refuse('emit kubernetes needs --image NAME.');
  process.stdout.write(kubernetes(given, image, args.text('claim') ?? 'microjoule-results'));
  return 0;
}

const needsGpu = ({ subjects }: RunTable): boolean => subjects.some(({ provider }) => provider !== 'cpu');

/** In single quotes, for the shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

function slurm({ table, path, shards, out }: Emit): string {
  const folder = resolve(out);
  return `#!/bin/bash
#SBATCH --job-name=${quoted(table.name)}
#SBATCH --array=1-${shards}
#SBATCH --ntasks=1
# The counters are those of the whole node: another job on it would be in the figures.
#SBATCH --exclusive
${needsGpu(table) ? '#SBATCH --gpus=1\n' : ''}# A task that is sent away ends in order, and goes on where it was when it is submitted again.
#SBATCH --signal=B:INT@120
#SBATCH --requeue
#SBATCH --output=${quoted(`${folder}/slurm-%A-%a.log`)}
# The folder of the logs must be there before the job is: mkdir -p ${quoted(folder)}

out=${quoted(folder)}/shard-"$SLURM_ARRAY_TASK_ID"
microjoule-study run ${quoted(resolve(path))} --out "$out" --shard "$SLURM_ARRAY_TASK_ID/${shards}" &
study=$!
trap 'kill -INT "$study"' INT TERM
# A wait that a signal ends is no end of the study.
while :; do
  wait "$study"
  code=$?
  kill -0 "$study" 2>/dev/null || break
done

# When all tasks are done:
#   microjoule-study merge ${quoted(folder)}/shard-*/journal.ndjson --into ${quoted(`${folder}/journal.ndjson`)}
exit "$code"
`;
}

function kubernetes({ table, path, shards }: Emit, image: string, claim: string): string {
  const name = dnsName(table.name);
  const labels = { app: 'microjoule-study', study: name };
  const configMap = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name, labels },
    data: { 'study.yaml': readFileSync(path, 'utf8') },
  };
  const container = {
    name: 'study',
    image,
    command: ['/bin/sh', '-c'],
    args: [
      `shard=$((JOB_COMPLETION_INDEX + 1)); exec microjoule-study run /study/study.yaml --out "/results/shard-$shard" --shard "$shard/${shards}"`,
    ],
    ...(needsGpu(table) ? { resources: { limits: { 'nvidia.com/gpu': 1 } } } : {}),
    volumeMounts: [
      { name: 'study', mountPath: '/study', readOnly: true },
      { name: 'results', mountPath: '/results' },
    ],
  };
  const job = {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata: { name, labels },
    spec: {
      completions: shards,
      parallelism: shards,
      completionMode: 'Indexed',
      // A pod that is taken away goes on where it was.
      backoffLimit: 4 * shards,
      template: {
        metadata: { labels },
        spec: {
          restartPolicy: 'OnFailure',
          terminationGracePeriodSeconds: 120,
          affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [apart(labels)] } },
          containers: [container],
          volumes: [
            { name: 'study', configMap: { name } },
            { name: 'results', persistentVolumeClaim: { claimName: claim } },
          ],
        },
      },
    },
  };
  const note =
    '# The counters are those of the whole node: keep other work off it. Pods of one study never share a node.\n';
  const yaml = (object: object) => stringify(object, { aliasDuplicateObjects: false });
  return `${note}${yaml(configMap)}---\n${yaml(job)}`;
}

const apart = (labels: Record<string, string>) => ({
  labelSelector: { matchLabels: labels },
  topologyKey: 'kubernetes.io/hostname',
});

/** RFC 1123: what Kubernetes takes as a name. */
function dnsName(name: string): string {
  const clean = name
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 50);
  return clean.replace(/-+$/, '') || 'study';
}
