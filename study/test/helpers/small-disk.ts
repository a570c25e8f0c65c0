import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';

const NAMESPACE = ['--user', '--map-root-user', '--mount'];
const MOUNT = 'mount -t tmpfs -o size="$1" none /mnt';

/** Whether a file system of our own can be mounted: in a namespace, so that it needs no root and nobody else sees it. */
export const canMount =
  spawnSync('unshare', [...NAMESPACE, 'sh', '-c', MOUNT, 'sh', '64k'], { stdio: 'ignore' }).status === 0;

export interface SmallDisk {
  path: string;
  remove: () => void;
}

/** A file system of so many bytes, as long as the process that holds it lives. */
export async function smallDisk(bytes: number): Promise<SmallDisk> {
  const holder = spawn(
    'unshare',
    [...NAMESPACE, 'sh', '-c', `${MOUNT} && echo && exec sleep 600`, 'sh', String(bytes)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  await once(holder.stdout, 'data');
  return { path: `/proc/${holder.pid}/root/mnt`, remove: () => holder.kill() };
}
