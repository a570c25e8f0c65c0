// What `microjoule probe` says to processes that really lack rights: other users, dropped capabilities, namespaces. The
// counters are files and the kernel's own clock; who may read them is decided by the kernel.
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import type { ProbeReport, RaplInterface } from '../../src/index.js';
import { mustRun, root } from '../helpers/child.js';
import { RaplMachine } from '../helpers/rapl-machine.js';
import { testIf } from '../helpers/skip.js';

const CLI = join(root, 'dist/cli/main.js');
const PARANOID = '/proc/sys/kernel/perf_event_paranoid';
const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];

const works = (...command: string[]) => spawnSync(command[0] as string, command.slice(1)).status === 0;
const paranoid = () => Number.parseInt(readFileSync(PARANOID, 'utf8'), 10);

// Levels of distributions above 2 ask for more than CAP_PERFMON.
const asRoot = process.getuid?.() === 0 && works(...NOBODY, 'test', '-r', CLI) && [1, 2].includes(paranoid());
const testAsRoot = testIf(
  asRoot,
  'needs root, setpriv, a checkout that others can read, and perf_event_paranoid at 1 or 2',
);
const testWithPerfmon = testIf(
  asRoot && works(...NOBODY, '--inh-caps=+perfmon', '--ambient-caps=+perfmon', 'true'),
  'needs root with CAP_PERFMON',
);

/** What the process that `wrapper` makes of it is told, with the machine's counters and its own rights. */
function probeAs(machine: RaplMachine, wrapper: string[], node = process.execPath): ProbeReport {
  const command = [...wrapper, node, CLI, 'probe', '--json', '--nvml', '/nonexistent', ...machine.flags];
  return JSON.parse(mustRun(command[0] as string, command.slice(1), '/'));
}

const about = (report: ProbeReport, name: RaplInterface) =>
  report.rapl.interfaces.find((one) => one.interface === name);

function machineWithPmu(): RaplMachine {
  const machine = new RaplMachine(undefined, { self: 'real' });
  machine.pmu('energy-pkg');
  return machine;
}

testWithPerfmon(
  'perf: open to root and to CAP_PERFMON as an ambient capability, closed to other users',
  () => {
    const machine = machineWithPmu();
    expect(probeAs(machine, ['env']).rapl.chosen).toBe('perf');
    const closed = probeAs(machine, NOBODY);
    expect(closed.rapl.system.process).toMatchObject({ uid: 65534, capabilities: [] });
    expect(about(closed, 'perf')).toMatchObject({
      usable: false,
      cause: 'perf-paranoid',
      code: 'permission-denied',
      reason: expect.stringContaining(`perf_event_paranoid is ${paranoid()}`),
      remedy: 'sudo sysctl -w kernel.perf_event_paranoid=0',
    });
    const ambient = probeAs(machine, [...NOBODY, '--inh-caps=+perfmon', '--ambient-caps=+perfmon']);
    expect(ambient.rapl.chosen).toBe('perf');
    expect(ambient.rapl.system.process.capabilities).toEqual(['CAP_PERFMON']);
  },
);

testWithPerfmon('perf: without the capability in the bounding set even root is refused', () => {
  const report = probeAs(machineWithPmu(), ['setpriv', '--bounding-set=-perfmon,-sys_admin']);
  expect(about(report, 'perf')).toMatchObject({ usable: false, cause: 'capability-not-in-bounding-set' });
  expect(report.rapl.system.process.boundingCapabilities).not.toContain('CAP_PERFMON');
});

const canLower = asRoot && works('sh', '-c', `cat ${PARANOID} >${PARANOID}`);
testIf(canLower, 'needs root, and a kernel whose perf_event_paranoid can be written')(
  'perf: the remedy, a lower perf_event_paranoid, mends it',
  () => {
    const machine = machineWithPmu();
    const level = paranoid();
    try {
      writeFileSync(PARANOID, '0');
      expect(probeAs(machine, NOBODY).rapl.chosen).toBe('perf');
    } finally {
      writeFileSync(PARANOID, String(level));
    }
  },
);

const canSetCap = asRoot && works('sh', '-c', 'command -v setcap');
testIf(canSetCap, 'needs root, and setcap')('perf: a node binary with CAP_PERFMON, and what voids it', () => {
  const folder = mkdtempSync(join(tmpdir(), 'mj-node-'));
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  chmodSync(folder, 0o755);
  const node = join(folder, 'node');
  copyFileSync(process.execPath, node);
  mustRun('setcap', ['cap_perfmon=ep', node], folder);
  const machine = machineWithPmu();
  const report = probeAs(machine, NOBODY, node);
  expect(report.rapl.chosen).toBe('perf');
  expect(report.rapl.system.process).toMatchObject({ program: node, programCapabilities: ['CAP_PERFMON'] });
  // setpriv itself still has the capability: only what it starts does not.
  const voided = probeAs(machine, [...NOBODY, '--no-new-privs', 'env'], node);
  expect(about(voided, 'perf')).toMatchObject({ usable: false, cause: 'no-new-privileges' });
});

const hasNamespaces = asRoot && works(...NOBODY, 'unshare', '--user', '--map-root-user', 'true');
testIf(hasNamespaces, 'needs root, and user namespaces')(
  'capabilities within a user namespace open nothing, and are told apart',
  () => {
    const machine = machineWithPmu();
    machine.zone(0, 0o400);
    const report = probeAs(machine, [...NOBODY, 'unshare', '--user', '--map-root-user']);
    expect(report.rapl.system.process).toMatchObject({ uid: 0, userNamespace: true });
    expect(about(report, 'perf')).toMatchObject({ usable: false, cause: 'user-namespace' });
    expect(about(report, 'powercap')).toMatchObject({ usable: false, cause: 'user-namespace' });
  },
);

testAsRoot('powercap: closed to other users, and opened by the remedy', async () => {
  const machine = new RaplMachine(undefined, { self: 'real' });
  machine.zone(30, 0o400);
  await machine.move();
  expect(probeAs(machine, ['env']).rapl.chosen).toBe('powercap');
  const closed = about(probeAs(machine, NOBODY), 'powercap');
  if (closed?.usable !== false) throw new Error('nobody may read it');
  expect(closed).toMatchObject({ cause: 'root-only-file', code: 'permission-denied' });
  const remedy = (closed.remedy as string).replace('sudo ', '').replace('"$(id -u)"', '65534');
  mustRun('sh', ['-c', remedy], machine.folder);
  expect(probeAs(machine, NOBODY).rapl.chosen).toBe('powercap');
});

testAsRoot('registers: closed by the mode of the device file', () => {
  const machine = new RaplMachine(undefined, { self: 'real' });
  machine.registers();
  chmodSync(join(machine.folder, 'dev/cpu/0/msr'), 0o600);
  expect(about(probeAs(machine, NOBODY), 'msr')).toMatchObject({ usable: false, cause: 'root-only-file' });
});
