// The script of `probe --fix`, run by root twice over in a mount namespace of its own: /etc and the counters are copies
// there, and what would change the kernel is a name that only writes down its arguments.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'vitest';
import { mustRun, root } from '../helpers/child.js';
import { RaplMachine } from '../helpers/rapl-machine.js';
import { testIf } from '../helpers/skip.js';

const CLI = join(root, 'dist/cli/main.js');

const works = (script: string) => spawnSync('sh', ['-c', script]).status === 0;
const canRun =
  process.getuid?.() === 0 &&
  works('command -v groupadd && command -v usermod && command -v setpriv && getent passwd nobody') &&
  works('unshare --mount sh -c "mount -t tmpfs none /sys/class && mount -t tmpfs none /etc"');

// Zones as the kernel makes them, and /etc as it is, in the namespace only.
const STAGE = `
set -eu
cp -a /etc "$1/etc"
mount --bind "$1/etc" /etc
mount -t tmpfs none /sys/class
mkdir -p /sys/class/powercap/intel-rapl:0 /sys/class/powercap/intel-rapl
cd /sys/class/powercap/intel-rapl:0
echo 12345 >energy_uj
echo 99999 >max_energy_range_uj
chmod 0400 energy_uj
chmod 0444 max_energy_range_uj
export PATH="$1/bin:$PATH" SUDO_USER=nobody
sh "$1/fix.sh"
sh "$1/fix.sh"
stat -c '%n %a %U %G' energy_uj max_energy_range_uj
id -nG nobody
setpriv --reuid=nobody --regid=65534 --init-groups cat energy_uj
setpriv --reuid=daemon --regid=65534 --init-groups cat energy_uj 2>&1 || true
ls /etc/modules-load.d/microjoule.conf /etc/udev/rules.d/70-microjoule.rules
`;

testIf(canRun, 'needs root, mount namespaces, groupadd and setpriv')(
  'the printed script gives the counters to one group, and may be run again',
  () => {
    const machine = new RaplMachine();
    const folder = machine.root;
    const absent = ['--nvml', join(folder, 'absent.so')];
    const script = mustRun(process.execPath, [CLI, 'probe', '--fix', ...absent, ...machine.flags], folder);
    writeFileSync(join(folder, 'fix.sh'), script);
    mkdirSync(join(folder, 'bin'));
    for (const name of ['modprobe', 'udevadm', 'sysctl']) {
      writeFileSync(join(folder, 'bin', name), `#!/bin/sh\necho "${name} $*" >>"${folder}/calls"\n`, {
        mode: 0o755,
      });
    }
    writeFileSync(join(folder, 'stage.sh'), STAGE);
    const seen = mustRun('unshare', ['--mount', 'sh', join(folder, 'stage.sh'), folder], folder);
    expect(seen).toContain('energy_uj 440 root microjoule');
    expect(seen).toContain('max_energy_range_uj 444 root microjoule');
    expect(seen).toMatch(/ microjoule\n12345\n/);
    expect(seen).toContain('Permission denied');
    const calls = readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');
    const once = ['modprobe -a rapl intel_rapl_msr', 'udevadm control --reload'];
    expect(calls).toEqual([...once, ...once]);
  },
);
