import { readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { hostname } from 'node:os';
import { MicrojouleError } from 'microjoule';
import { writing } from '../refuse.js';
import { hashOf } from './hash.js';

interface Owner {
  pid: number;
  host: string;
  since: string;
}

/**
 * One study a journal. On one machine an abstract socket decides, which the kernel takes away with the process, however
 * it ends. The file beside the journal keeps other machines off that see the same folder; nobody can tell from here
 * whether a process there still lives.
 */
export class JournalLock {
  private constructor(
    private readonly path: string,
    private readonly server: Server,
  ) {}

  static async take(journal: string): Promise<JournalLock> {
    const path = `${journal}.lock`;
    const server = await listen(socketName(journal), () => refusal(journal, readOwner(path)));
    try {
      const before = readOwner(path);
      if (before && before.host !== hostname()) throw refusal(journal, before);
      writeOwner(path);
    } catch (error) {
      server.close();
      throw error;
    }
    return new JournalLock(path, server);
  }

  release(): void {
    rmSync(this.path, { force: true });
    this.server.close();
  }
}

/** By device and inode: a journal has one, by whatever path it is reached. */
function socketName(journal: string): string {
  const { dev, ino } = statSync(journal);
  return `\0microjoule-study-${hashOf([dev, ino]).slice(0, 32)}`;
}

function listen(name: string, inUse: () => Error): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => socket.destroy());
    server.once('error', (error: NodeJS.ErrnoException) => {
      reject(error.code === 'EADDRINUSE' ? inUse() : error);
    });
    server.listen(name, () => {
      server.unref();
      resolve(server);
    });
  });
}

function refusal(journal: string, owner: Owner | undefined): MicrojouleError {
  const who = owner ? ` (process ${owner.pid} on ${owner.host}, since ${owner.since})` : '';
  return new MicrojouleError(
    'not-supported',
    `Another study is running on ${journal}${who}.`,
    owner && owner.host !== hostname()
      ? `Wait for it, give another folder with --out, or, if it has ended, remove ${journal}.lock.`
      : 'Wait for it, or give another folder with --out.',
  );
}

function readOwner(path: string): Owner | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Owner;
  } catch {
    return undefined;
  }
}

function writeOwner(path: string): void {
  const owner: Owner = {
    pid: process.pid,
    host: hostname(),
    since: new Date().toISOString(),
  };
  writing(path, () => writeFileSync(path, `${JSON.stringify(owner)}\n`));
}
