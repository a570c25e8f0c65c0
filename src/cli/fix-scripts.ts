// The parts of which `probe --fix` makes its script. Each may be run again, and leaves what is already there.

/** Lines of a shell script that do nothing: whatever the text holds, it ends with its line. */
export function comment(...lines: string[]): string {
  return lines
    .map((line) =>
      `# ${[...line].map((character) => (character < ' ' ? ' ' : character)).join('')}`.trimEnd(),
    )
    .join('\n');
}

export const HEAD = `set -eu
if [ "$(id -u)" -ne 0 ]; then
  echo "This needs root: sudo sh $0" >&2
  exit 1
fi
`;

export function loadModules(names: readonly string[]): string {
  return `# The kernel's modules, now and at every start.
modprobe -a ${names.join(' ')}
mkdir -p /etc/modules-load.d
printf '%s\\n' ${names.join(' ')} >/etc/modules-load.d/microjoule.conf
`;
}

/** The registers, which stay root's: whoever may read them may read anything. */
export function loadRegisters(): string {
  return `${loadModules(['msr'])}
${comment(
  "Root may now read the counters: sudo -E node app.js. No group is given the devices: beside the file's mode they ask",
  'for CAP_SYS_RAWIO, which is as good as root. The kernel module msr-safe lets single registers through instead.',
)}
`;
}

/**
 * The counters of powercap for the members of one group. The files belong to root since CVE-2020-8694: whoever reads
 * them often enough can learn secrets of other programs from the power that they take.
 */
export function powercapGroup(): string {
  return `# The counters of powercap for the members of one group, and for nobody else: whoever reads them often enough can
# learn secrets of other programs from the power that they take (CVE-2020-8694).
group=microjoule
user=\${SUDO_USER:-}
getent group "$group" >/dev/null || groupadd --system "$group"
if [ -n "$user" ] && [ "$user" != root ]; then
  usermod -aG "$group" "$user"
  echo "$user is in the group $group from the next login on; at once: newgrp $group"
else
  echo "Add who may read the counters: usermod -aG $group USER"
fi
if command -v udevadm >/dev/null; then
  # The rule gives each zone's files to the group whenever the kernel shows the zone.
  mkdir -p /etc/udev/rules.d
  cat >/etc/udev/rules.d/70-microjoule.rules <<'RULE'
SUBSYSTEM=="powercap", ACTION=="add", KERNEL=="intel-rapl*:*", RUN+="/bin/sh -c 'chgrp microjoule %S%p/energy_uj %S%p/max_energy_range_uj && chmod g+r %S%p/energy_uj %S%p/max_energy_range_uj'"
RULE
  udevadm control --reload || true
elif command -v systemctl >/dev/null; then
  # Without udev, a unit does the same once at every start.
  cat >/etc/systemd/system/microjoule-powercap.service <<'UNIT'
[Unit]
Description=Energy counters readable by the group microjoule
After=systemd-modules-load.service

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh -c 'chgrp microjoule /sys/class/powercap/intel-rapl*:*/energy_uj /sys/class/powercap/intel-rapl*:*/max_energy_range_uj'
ExecStart=/bin/sh -c 'chmod g+r /sys/class/powercap/intel-rapl*:*/energy_uj /sys/class/powercap/intel-rapl*:*/max_energy_range_uj'

[Install]
WantedBy=multi-user.target
UNIT
  systemctl daemon-reload
  systemctl enable microjoule-powercap.service
else
  echo "Neither udev nor systemd is here: run this script again after every start." >&2
fi
for zone in /sys/class/powercap/intel-rapl*:*; do
  [ -e "$zone/energy_uj" ] || continue
  chgrp "$group" "$zone/energy_uj" "$zone/max_energy_range_uj"
  chmod g+r "$zone/energy_uj" "$zone/max_energy_range_uj"
done
`;
}

export function lowerParanoid(): string {
  return `# Whole-CPU counts of perf for every user of this machine, those of other hardware counters among them.
mkdir -p /etc/sysctl.d
echo 'kernel.perf_event_paranoid = 0' >/etc/sysctl.d/70-microjoule.conf
sysctl -q -w kernel.perf_event_paranoid=0
`;
}

/** What gives perf to a single process, and what is better not done. */
export function perfForOne(capability: string, program: string): string[] {
  const name = capability.replace(/^CAP_/, '').toLowerCase();
  return [
    `For a single process, without lowering anything, ${capability} as an ambient capability (in a systemd unit:`,
    `AmbientCapabilities=${capability}):`,
    `  sudo -E setpriv --reuid="$(id -u)" --regid="$(id -g)" --init-groups --inh-caps=+${name} --ambient-caps=+${name} \\`,
    `    env LD_LIBRARY_PATH="$LD_LIBRARY_PATH" ${program} app.js`,
    `Better not: setcap cap_${name}=ep ${program}. Every script that anybody runs with that binary would have the`,
    'capability, and for all of them the loader and Node ignore LD_LIBRARY_PATH, LD_PRELOAD, NODE_OPTIONS and NODE_PATH.',
  ];
}

/** How a container gets at the counters; the least first. */
export function containerHelp(container: string, devices: string): string[] {
  if (container === 'kubernetes') return POD.split('\n');
  const run = container === 'podman' ? 'podman run' : 'docker run';
  return [
    'Start the container in one of these ways; within it the process runs as root:',
    `  ${run} --cap-add PERFMON IMAGE …                      (perf)`,
    ...(container === 'podman'
      ? [
          '    (profiles before the end of 2025 let perf_event_open through only with --cap-add SYS_ADMIN too)',
        ]
      : []),
    `  ${run} -v /sys/devices/virtual/powercap:/host/powercap:ro IMAGE …`,
    "    (powercap; then name the place: microjoule --root powercap=/host/powercap, or { roots: { powercap: '/host/powercap' } })",
    `  ${run} --cap-add SYS_RAWIO ${devices} IMAGE …`,
    '    (MSR: the device of one CPU of each package; on AMD of each core)',
  ];
}

const POD = `In the pod's specification, one of the two; within the container the process runs as root (runAsUser: 0):
  containers:
  - name: app
    securityContext:
      capabilities: { add: [PERFMON] }        # perf
    volumeMounts:
    - name: powercap                          # powercap; then name it: { roots: { powercap: '/host/powercap' } }
      mountPath: /host/powercap
      readOnly: true
  volumes:
  - name: powercap
    hostPath: { path: /sys/devices/virtual/powercap }
The processor's registers need securityContext.privileged: true.`;
