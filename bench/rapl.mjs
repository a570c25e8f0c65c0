// Cost of sample(out) against the same system calls in a C++ loop, and of the sampler's thread outside and inside a
// window. On stand-ins of the processor's counters: the kernel's cpu-clock through the real perf_event_open, and a
// sparse file for the registers. What the calls themselves cost on real ones, `microjoule probe` tells.
import { execFile as execFileCallback } from 'node:child_process';
import { mkdirSync, mkdtempSync, openSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { Meter } from 'microjoule';
import { must, root, version } from '../tools/lib/run.mjs';
import { report } from './lib/report.mjs';
import { median } from './lib/statistics.mjs';

const execFile = promisify(execFileCallback);
const PROCESSES = 9;
// Short rounds, of which the median counts: now and then the kernel lets another thread have the CPU.
const CALLS = 1000;
const ROUNDS = 200;
const SECONDS = 5;
const EVENTS = ['energy-pkg', 'energy-cores', 'energy-ram'];
const REGISTERS = [0x611, 0x639, 0x619];
const UNIT_REGISTER = 0x606;
const LIMIT = 1.3;

const folder = mkdtempSync(join(tmpdir(), 'microjoule-bench-'));
const write = (path, text) => {
  const file = join(folder, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
};

write('proc/cpuinfo', 'vendor_id\t: GenuineIntel\ncpu family\t: 6\nmodel\t\t: 45\n');
write('sys/devices/system/cpu/online', '0\n');
write('sys/devices/system/cpu/cpu0/topology/physical_package_id', '0\n');
const pmu = 'sys/bus/event_source/devices/power';
write(`${pmu}/type`, '1\n');
write(`${pmu}/cpumask`, '0\n');
for (const event of EVENTS) {
  write(`${pmu}/events/${event}`, 'event=0x00\n');
  write(`${pmu}/events/${event}.unit`, 'Joules\n');
  write(`${pmu}/events/${event}.scale`, '1e-9\n');
}
const device = write('dev/cpu/0/msr', '');
truncateSync(device, 8 * 0x1000);
const registers = openSync(device, 'r+');
const set = (address, value) => writeSync(registers, BigUint64Array.of(value), 0, 8, 8 * address);
set(UNIT_REGISTER, 0xa0e03n);
// Counters that never move are left out at opening.
let counts = 1n;
const player = setInterval(() => {
  counts += 1000n;
  for (const address of REGISTERS) set(address, counts);
}, 1);

const options = (raplInterface) => ({
  sources: ['rapl'],
  raplInterface,
  roots: { sys: join(folder, 'sys'), proc: join(folder, 'proc'), msr: join(folder, 'dev/cpu') },
});

// On the CPU that is counted, as the sampler is: from any other a read would interrupt it.
const pinned = (command, args) =>
  version('taskset') ? ['taskset', ['-c', '0', command, ...args]] : [command, args];

async function ns(command, args) {
  const { stdout } = await execFile(...pinned(command, args.map(String)));
  return Number(stdout);
}

const sampling = (raplInterface) => `
  import { Meter } from ${JSON.stringify(import.meta.resolve('microjoule'))};
  import { median } from ${JSON.stringify(import.meta.resolve('./lib/statistics.mjs'))};
  const meter = await Meter.open(${JSON.stringify(options(raplInterface))});
  const unread = meter.channels.filter(({ unsupported }) => unsupported);
  if (unread.length > 0 || meter.channels.length !== ${EVENTS.length}) throw new Error(JSON.stringify(meter.channels));
  const out = new Float64Array(meter.channels.length);
  const { sample } = meter;
  const round = () => {
    const start = process.hrtime.bigint();
    for (let i = 0; i < ${CALLS}; ++i) sample(out);
    return Number(process.hrtime.bigint() - start) / ${CALLS};
  };
  console.log(median(Array.from({ length: ${ROUNDS} }, round)));
  await meter.close();
`;

/** Per cent of a core of the sampler's thread while `body` runs. */
async function share(meter, body) {
  const [before] = meter.statistics().threads;
  await body(() => new Promise((resolve) => setTimeout(resolve, SECONDS * 1000)));
  const [after] = meter.statistics().threads;
  return {
    percent: (100 * (after.cpuMs - before.cpuMs)) / (after.aliveMs - before.aliveMs),
    reads: (1000 * (after.reads - before.reads)) / (after.aliveMs - before.aliveMs),
  };
}

const rows = [];
try {
  const program = join(folder, 'reads');
  const compiler = process.env.CXX ?? 'c++';
  must(compiler, [
    '-O2',
    '-std=c++17',
    `-I${join(root, 'native')}`,
    join(root, 'bench/bare/reads.cc'),
    '-o',
    program,
  ]);
  const bare = {
    perf: ['perf', CALLS, ROUNDS, EVENTS.length],
    msr: ['msr', CALLS, ROUNDS, device, ...REGISTERS],
  };
  for (const raplInterface of ['perf', 'msr']) {
    const trial = await Meter.open(options(raplInterface));
    const refused = trial.channels.find(({ unsupported }) => unsupported)?.unsupported;
    await trial.close();
    if (refused) {
      console.log(`${raplInterface} is left out: ${refused.reason}`);
      continue;
    }
    const times = { ours: [], bare: [] };
    for (let i = 0; i < PROCESSES; ++i) {
      times.bare.push(await ns(program, bare[raplInterface]));
      times.ours.push(await ns(process.execPath, ['--input-type=module', '--eval', sampling(raplInterface)]));
    }
    rows.push({
      what: `sample(out), ${raplInterface}, three domains`,
      ours: median(times.ours),
      unit: 'ns',
      baseline: median(times.bare),
      against: 'the same system calls in C++',
      // One call for all domains is what is promised; a call a register has more of our own between them.
      limit: raplInterface === 'perf' ? LIMIT : undefined,
    });
    const meter = await Meter.open(options(raplInterface));
    const usual = await share(meter, (wait) => wait());
    const window = await share(meter, (wait) => meter.measure(wait));
    for (const [when, { percent, reads }] of Object.entries({ 'usual pace': usual, 'in a window': window })) {
      rows.push({
        what: `sampler, ${raplInterface}, ${when}, ${reads.toFixed(0)} reads a second`,
        ours: percent,
        unit: '% of a core',
      });
    }
    await meter.close();
  }
} finally {
  clearInterval(player);
  rmSync(folder, { recursive: true, force: true });
}
report(rows);
