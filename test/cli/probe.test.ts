// `microjoule probe` on machines made of files: what it says, the script it prints, and the comparison of interfaces.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { ProbeReport } from '../../src/index.js';
import { mustRun, root, run } from '../helpers/child.js';
import { GUEST, NAME, RaplMachine } from '../helpers/rapl-machine.js';

const CLI = join(root, 'dist/cli/main.js');

function microjoule(machine: RaplMachine, ...args: string[]) {
  const absent = ['--nvml', join(machine.root, 'absent.so')];
  return run(process.execPath, [CLI, 'probe', ...absent, ...machine.flags, ...args], machine.root);
}

/** The script as printed; it must be one that shells can read. */
function fixScript(machine: RaplMachine): string {
  const { code, stdout, stderr } = microjoule(machine, '--fix');
  expect([code, stderr]).toEqual([0, '']);
  const file = join(machine.root, 'fix.sh');
  writeFileSync(file, stdout);
  for (const shell of ['bash', 'sh']) mustRun(shell, ['-n', file], machine.root);
  return stdout;
}

const commands = (script: string) =>
  script.split('\n').filter((line) => line !== '' && !line.startsWith('#'));

describe('microjoule probe', () => {
  test('tells the processor, each interface with its cause, and the facts behind', () => {
    const machine = new RaplMachine();
    machine.pmu('energy-psys', 9);
    const { code, stdout, stderr } = microjoule(machine, '--json');
    expect([code, stderr]).toEqual([0, '']);
    const report: ProbeReport = JSON.parse(stdout);
    expect(report.processor).toEqual({
      name: NAME,
      vendor: 'GenuineIntel',
      family: 6,
      model: 85,
      stepping: 0,
      packages: 1,
      logicalCpus: 1,
      hypervisor: null,
    });
    expect(report.rapl.chosen).toBe(null);
    expect(report.rapl.interfaces.map((one) => one.interface)).toEqual(['perf', 'msr', 'powercap']);
    expect(report.rapl.interfaces[1]).toMatchObject({
      usable: false,
      cause: 'module-not-loaded',
      remedy: 'sudo modprobe msr',
    });
    expect(report.rapl.system.kernel).toMatchObject({ release: '6.8.0-45-generic', perfEventParanoid: 2 });
    expect(report.rapl.system.process).toMatchObject({ uid: 1000, capabilities: [], seccompFilter: false });
    expect(report.crossCheck).toBe(undefined);
    const text = microjoule(machine).stdout;
    expect(text).toContain(NAME);
    expect(text).toContain('microjoule probe --fix');
  });

  test('names the hypervisor, and offers no script where none helps', () => {
    const machine = new RaplMachine(GUEST);
    machine.write('sys/class/dmi/id/sys_vendor', 'VMware, Inc.');
    const { stdout } = microjoule(machine);
    expect(stdout).toContain('a virtual machine: VMware');
    expect(stdout).toContain('virtual-machine');
    expect(stdout).not.toContain('--fix');
  });

  test('refuses unknown roots, and two jobs at once', () => {
    const machine = new RaplMachine();
    expect(microjoule(machine, '--root', 'powercup=/tmp')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("no root 'powercup'"),
    });
    expect(microjoule(machine, '--fix', '--cross-check')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('Only one of --fix and --cross-check'),
    });
  });
});

describe('microjoule probe --fix', () => {
  test('where counters can be read says that nothing needs mending', async () => {
    const machine = new RaplMachine();
    await machine.powercap(30).play();
    const script = fixScript(machine);
    expect(commands(script)).toEqual([]);
    expect(script).toContain('Nothing needs mending');
    expect(script).toContain('powercap');
    expect(JSON.parse(microjoule(machine, '--fix', '--json').stdout)).toEqual({ mends: false, script });
  });

  test('loads what is not loaded, and gives the counters behind it to a group', () => {
    const script = fixScript(new RaplMachine());
    expect(script).toContain('modprobe -a rapl intel_rapl_msr');
    expect(script).toContain('/etc/modules-load.d/microjoule.conf');
    expect(script).toContain('/etc/udev/rules.d/70-microjoule.rules');
    expect(script).toContain('groupadd --system');
    expect(script).toContain('ExecStart=');
    // The group opens less than a lower perf_event_paranoid, which stands there as a comment.
    expect(commands(script).join('\n')).not.toContain('perf_event_paranoid');
    expect(script).toContain('--ambient-caps=+perfmon');
    expect(script).toContain('LD_LIBRARY_PATH');
  });

  test('lowers perf_event_paranoid where the kernel comes without powercap', () => {
    const machine = new RaplMachine();
    const lists = 'proc/self/root/lib/modules/6.8.0-45-generic';
    machine.write(`${lists}/modules.builtin`, '');
    machine.write(`${lists}/modules.dep`, 'kernel/arch/x86/events/rapl.ko.zst:');
    const script = fixScript(machine);
    expect(commands(script)).toContain('modprobe -a rapl');
    expect(commands(script)).toContain('sysctl -q -w kernel.perf_event_paranoid=0');
    expect(script).not.toContain('groupadd');
  });

  test('where the kernel is too old for the rest, root may have the registers', () => {
    const machine = new RaplMachine('vendor_id\t: AuthenticAMD\ncpu family\t: 25\nmodel\t\t: 1\n');
    machine.write('proc/sys/kernel/osrelease', '5.4.0-190-generic');
    const script = fixScript(machine);
    expect(commands(script)).toContain('modprobe -a msr');
    expect(script).toContain('kernel-too-old');
    expect(script).toContain('msr-safe');
  });

  test.each([
    ['docker', '0::/docker/0a1b', 'docker run --cap-add PERFMON'],
    ['podman', '0::/machine.slice/libpod-1.scope', 'podman run --cap-add PERFMON'],
    ['kubernetes', '0::/kubepods.slice/pod1', 'hostPath: { path: /sys/devices/virtual/powercap }'],
  ])('in %s says how the container has to be started', (_, cgroup, flags) => {
    const machine = new RaplMachine();
    machine.write('proc/1/cgroup', cgroup);
    machine.write('proc/self/mountinfo', '31 23 0:60 / /sys/devices/virtual/powercap ro - tmpfs tmpfs ro');
    const script = fixScript(machine);
    expect(commands(script)).toEqual([]);
    expect(script).toContain('masked-by-container');
    expect(script).toContain(flags);
  });

  test('keeps whatever the machine calls itself within comments', () => {
    const machine = new RaplMachine(GUEST);
    machine.write('sys/class/dmi/id/sys_vendor', 'Evil\ntouch /tmp/evil\r$(touch /tmp/evil)');
    expect(commands(fixScript(machine))).toEqual([]);
  });
});

describe('microjoule probe --cross-check', () => {
  test('compares two interfaces over one window', async () => {
    const machine = new RaplMachine();
    await machine.powercap(40).registers(40).play();
    const report: ProbeReport = JSON.parse(microjoule(machine, '--cross-check', '--json').stdout);
    if (!report.crossCheck?.possible) throw new Error(JSON.stringify(report.crossCheck));
    expect(report.crossCheck.scopes).toHaveLength(1);
    const [scope] = report.crossCheck.scopes;
    expect(scope).toMatchObject({
      id: 'package-0',
      scope: 'cpu-package',
      between: ['msr', 'powercap'],
      agrees: true,
    });
    if (scope?.agrees === null || scope === undefined) throw new Error('not compared');
    const watts = scope.energies.map(
      ({ value }) => (value / (report.crossCheck as { durationMs: number }).durationMs) * 1e3,
    );
    for (const w of watts) expect(w).toBeCloseTo(40, 0);
    expect(scope.difference.uncertainty).toBeGreaterThan(0);
  });

  test('says by how much they disagree', async () => {
    const machine = new RaplMachine();
    await machine.powercap(40).registers(60).play();
    const { stdout } = microjoule(machine, '--cross-check');
    const line =
      /package-0\s+msr, powercap\s+DISAGREE\s+(\d+\.\d+) ± .* J .* and (\d+\.\d+) ± /.exec(stdout) ?? [];
    // 60 W and 40 W, for as long as it took.
    expect(Number(line[1])).toBeGreaterThan(1.2 * Number(line[2]));
  });

  test('with one interface says which, and why that is too few', async () => {
    const machine = new RaplMachine();
    await machine.powercap(40).play();
    expect(microjoule(machine, '--cross-check').stdout).toContain('only powercap can be read here');
    const none = microjoule(new RaplMachine(), '--cross-check', '--json').stdout;
    expect(JSON.parse(none).crossCheck).toEqual({
      possible: false,
      reason: 'A cross-check compares two interfaces, and none of them can be read here.',
    });
  });
});
