// A study as a job array of a real Slurm, started here on the loopback with two nodes: what its four tasks make is, merged,
// what one machine would have made. Needs slurmctld, slurmd, the client's commands and munged; runs as root.
//   node study/test/system/slurm.mjs
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));
const CLI = join(here, '../../bin/microjoule-study.js');
const SHARDS = 4;
const DAEMONS = ['slurmctld', 'slurmd.n1', 'slurmd.n2', 'munged'];

const TABLE = `version: 1
name: study on Slurm
models: [mobilenetv2]
batches: [1, 2]
repetitions: 2
subjects:
  - { id: ort, runtime: onnxruntime, provider: cpu, threads: 1 }
nullRun: { subject: ort }
protocol:
  windowSeconds: 0.2
  warmup: { inferences: 1, seconds: 0 }
  idle: { bareSeconds: 0, residentSeconds: 0.1 }
  stability: { loadAverage1: 1000, timeoutSeconds: 0 }
  cooldownSeconds: 0
`;

const folder = mkdtempSync(join(tmpdir(), 'microjoule-slurm-'));
const env = { ...process.env, SLURM_CONF: join(folder, 'slurm.conf'), PATH: `${folder}:${process.env.PATH}` };
const run = (command, ...args) => execFileSync(command, args, { cwd: folder, env, encoding: 'utf8' });
const study = (...args) => run(process.execPath, CLI, ...args);

/** One key=value a line; ports are taken from a range of the test's own. */
function configuration() {
  const host = hostname().split('.')[0];
  const pid = (name) => join(folder, `${name}.pid`);
  return `ClusterName=loop
SlurmctldHost=${host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
SlurmctldPort=27817
AuthType=auth/munge
CredType=cred/munge
AuthInfo=socket=${join(folder, 'munge/sock')}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
StateSaveLocation=${join(folder, 'state')}
SlurmdSpoolDir=${join(folder, 'spool.%n')}
SlurmctldPidFile=${pid('slurmctld')}
SlurmdPidFile=${pid('slurmd.%n')}
SlurmctldLogFile=${join(folder, 'slurmctld.log')}
SlurmdLogFile=${join(folder, 'slurmd.%n.log')}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=batch_sched_delay=0,sched_interval=1
MpiDefault=none
MailProg=/bin/true
ReturnToService=2
NodeName=n[1-2] NodeHostname=${host} NodeAddr=127.0.0.1 Port=[27818-27819] CPUs=2 CoresPerSocket=2 RealMemory=1000
PartitionName=main Nodes=n[1-2] Default=YES MaxTime=INFINITE State=UP
`;
}

async function until(what, holds) {
  for (let i = 0; i < 600; i += 1) {
    if (holds()) return;
    await sleep(200);
  }
  throw new Error(`Slurm: ${what} did not come about in two minutes.`);
}

async function startSlurm() {
  for (const name of ['state', 'spool.n1', 'spool.n2', 'munge']) mkdirSync(join(folder, name));
  for (const name of ['.', 'munge']) chmodSync(join(folder, name), 0o755);
  writeFileSync(join(folder, 'munge/key'), randomBytes(128), { mode: 0o400 });
  writeFileSync(env.SLURM_CONF, configuration());
  writeFileSync(join(folder, 'cgroup.conf'), 'CgroupPlugin=cgroup/v1\n');
  const munge = (name) => join(folder, 'munge', name);
  run(
    'munged',
    `--key-file=${munge('key')}`,
    `--socket=${munge('sock')}`,
    `--pid-file=${join(folder, 'munged.pid')}`,
    `--log-file=${munge('log')}`,
    `--seed-file=${munge('seed')}`,
  );
  run('slurmctld');
  for (const node of ['n1', 'n2']) run('slurmd', '-N', node);
  const idle = () => spawnSync('sinfo', ['-h', '-N', '-o', '%T'], { env, encoding: 'utf8' }).stdout;
  await until('two idle nodes', () => (idle().match(/^idle$/gm) ?? []).length === 2);
}

async function stopSlurm() {
  for (const name of DAEMONS) {
    const pid = Number(read(join(folder, `${name}.pid`)));
    const comm = name.split('.')[0];
    const lives = () => read(`/proc/${pid}/comm`)?.trim() === comm;
    if (!pid || !lives()) continue;
    process.kill(pid, 'SIGTERM');
    await until(`the end of ${name}`, () => !lives());
  }
}

function read(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

async function testArray() {
  writeFileSync(join(folder, 'study.yaml'), TABLE);
  // The job calls the command as it is installed.
  const command = `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`;
  writeFileSync(join(folder, 'microjoule-study'), command, { mode: 0o755 });
  mkdirSync(join(folder, 'results'));
  writeFileSync(join(folder, 'job.sh'), study('emit', 'slurm', '--shards', String(SHARDS)));
  run('sbatch', 'job.sh');
  await until('the end of the array', () => run('squeue', '-h') === '');
  const shards = Array.from({ length: SHARDS }, (_, i) => `results/shard-${i + 1}/journal.ndjson`);
  study('merge', ...shards, '--into', 'results/journal.ndjson');
  const records = readFileSync(join(folder, 'results/journal.ndjson'), 'utf8')
    .trim()
    .split('\n')
    .map(JSON.parse);
  const planned = JSON.parse(study('plan', '--json'));
  const segments = records.filter(({ type }) => type === 'segment');
  const runs = records.filter(({ type }) => type === 'run');
  assert.equal(segments.length, SHARDS);
  for (const { cells, runs: all } of segments) {
    assert.deepEqual(cells, planned.cells);
    assert.deepEqual(all, planned.runs);
  }
  assert.deepEqual(runs.map(({ id }) => id).sort(), planned.runs.map(({ id }) => id).sort());
  assert.ok(runs.every(({ status }) => status === 'ok'));
  console.log(`${runs.length} runs of ${SHARDS} tasks, merged: each planned run once`);
}

try {
  await startSlurm();
  await testArray();
} finally {
  await stopSlurm();
  rmSync(folder, { recursive: true, force: true });
}
