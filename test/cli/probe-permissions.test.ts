// What `microjoule probe` says to processes that really lack rights: other users, dropped capabilities, namespaces. The
// counters are files and the kernel's own clock; who may read them is decided by the kernel.
import { spawnSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect } from 'vitest';
import type { ProbeReport, RaplInterface } from '../../src/index.js';
import { mustRun, root } from '../helpers/child.js';
import { PERF_PARANOID, withPerfParanoid } from '../helpers/perf-paranoid.js';
import { RaplMachine } from '../helpers/rapl-machine.js';
import { testIf } from '../helpers/skip.js';

const CLI = join(root, 'dist/cli/main.js');
const NOBODY = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups'];

const works = (...command: string[]) => spawnSync(command[0] as string, command.slice(1)).status === 0;

// In a container the remedies are others.
const contained = () => readFileSync('/proc/self/mountinfo', 'utf8').includes(' /etc/hosts ');
const asRoot = process.getuid?.() === 0 && !contained() && works(...NOBODY, 'test', '-r', CLI);
const testAsRoot = testIf(asRoot, 'needs root of the machine, setpriv, and a checkout that others can read');
const canLevel =
  asRoot &&
  works('flock', '--version') &&
  works('sh', '-c', `cat ${PERF_PARANOID} >${PERF_PARANOID}`) &&
  works(...NOBODY, '--inh-caps=+perfmon', '--ambient-caps=+perfmon', 'true');
const testWithPerf = testIf(canLevel, 'needs root with CAP_PERFMON, setpriv, flock, and perf_event_paranoid');

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

testWithPerf(
  'perf: open to root and to CAP_PERFMON as an ambient capability, closed to other users',
  async () => {
    const machine = machineWithPmu();
    await withPerfParanoid(2, () => {
      expect(probeAs(machine, ['env']).rapl.chosen).toBe('perf');
      const closed = probeAs(machine, NOBODY);
      expect(closed.rapl.system.process).toMatchObject({ uid: 65534, capabilities: [] });
      expect(about(closed, 'perf')).toMatchObject({
        usable: false,
        cause: 'perf-paranoid',
        code: 'permission-denied',
        reason: expect.stringContaining('perf_event_paranoid is 2'),
        remedy: 'sudo sysctl -w kernel.perf_event_paranoid=0',
      });
      const ambient = probeAs(machine, [...NOBODY, '--inh-caps=+perfmon', '--ambient-caps=+perfmon']);
      expect(ambient.rapl.chosen).toBe('perf');
      expect(ambient.rapl.system.process.capabilities).toEqual(['CAP_PERFMON']);
    });
  },
);

testWithPerf('perf: the remedy, a lower perf_event_paranoid, mends it', async () => {
  const machine = machineWithPmu();
  await withPerfParanoid(0, () => expect(probeAs(machine, NOBODY).rapl.chosen).toBe('perf'));
});

testWithPerf('perf: without the capability in the bounding set even root is refused', async () => {
  const machine = machineWithPmu();
  const bounded = ['setpriv', '--bounding-set=-perfmon,-sys_admin'];
  const report = await withPerfParanoid(2, () => probeAs(machine, bounded));
  expect(about(report, 'perf')).toMatchObject({ usable: false, cause: 'capability-not-in-bounding-set' });
  expect(report.rapl.system.process.boundingCapabilities).not.toContain('CAP_PERFMON');
});

const canSetCap = canLevel && works('sh', '-c', 'command -v setcap');
testIf(canSetCap, 'needs root, and setcap')(
  'perf: a node binary with CAP_PERFMON, and what voids it',
  async () => {
    const folder = mkdtempSync(join(tmpdir(), 'mj-node-'));
    afterAll(() => rmSync(folder, { recursive: true, force: true }));
    chmodSync(folder, 0o755);
    const node = join(folder, 'node');
    copyFileSync(process.execPath, node);
    mustRun('setcap', ['cap_perfmon=ep', node], folder);
    const machine = machineWithPmu();
    await withPerfParanoid(2, () => {
      const report = probeAs(machine, NOBODY, node);
      expect(report.rapl.chosen).toBe('perf');
      expect(report.rapl.system.process).toMatchObject({
        program: node,
        programCapabilities: ['CAP_PERFMON'],
      });
      // setpriv itself still has the capability: only what it starts does not.
      const voided = probeAs(machine, [...NOBODY, '--no-new-privs', 'env'], node);
      expect(about(voided, 'perf')).toMatchObject({ usable: false, cause: 'no-new-privileges' });
    });
  },
);

const hasNamespaces = canLevel && works(...NOBODY, 'unshare', '--user', '--map-root-user', 'true');
testIf(hasNamespaces, 'needs root, and user namespaces')(
  'capabilities within a user namespace open nothing, and are told apart',
  async () => {
    const machine = machineWithPmu().powercap(undefined, 0o400);
    const inNamespace = [...NOBODY, 'unshare', '--user', '--map-root-user'];
    const report = await withPerfParanoid(2, () => probeAs(machine, inNamespace));
    expect(report.rapl.system.process).toMatchObject({ uid: 0, userNamespace: true });
    expect(about(report, 'perf')).toMatchObject({ usable: false, cause: 'user-namespace' });
    expect(about(report, 'powercap')).toMatchObject({ usable: false, cause: 'user-namespace' });
  },
);

testAsRoot('powercap: closed to other users, and opened by the remedy', async () => {
  const machine = new RaplMachine(undefined, { self: 'real' });
  await machine.powercap(30, 0o400).play();
  expect(probeAs(machine, ['env']).rapl.chosen).toBe('powercap');
  const closed = about(probeAs(machine, NOBODY), 'powercap');
  if (closed?.usable !== false) throw new Error('nobody may read it');
  expect(closed).toMatchObject({ cause: 'root-only-file', code: 'permission-denied' });
  const remedy = (closed.remedy as string).replace('sudo ', '').replace('"$(id -u)"', '65534');
  mustRun('sh', ['-c', remedy], machine.root);
  expect(probeAs(machine, NOBODY).rapl.chosen).toBe('powercap');
});

testAsRoot('registers: closed by the mode of the device file', () => {
  const machine = new RaplMachine(undefined, { self: 'real' });
  machine.registers(30);
  chmodSync(join(machine.root, 'dev/cpu/0/msr'), 0o600);
  expect(about(probeAs(machine, NOBODY), 'msr')).toMatchObject({ usable: false, cause: 'root-only-file' });
});
