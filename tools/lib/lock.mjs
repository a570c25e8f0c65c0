import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { root } from './run.mjs';

const folder = join(root, '.cache', 'setup.lock');
const owner = join(folder, 'pid');

function ownerIsGone() {
  try {
    process.kill(Number(readFileSync(owner, 'utf8')), 0);
    return false;
  } catch (error) {
    return error.code === 'ESRCH';
  }
}

/** Runs `body` while no other process of this checkout does; a lock whose owner has died is taken over. */
export async function withLock(body) {
  mkdirSync(join(root, '.cache'), { recursive: true });
  for (let waited = false; ; waited = true) {
    try {
      mkdirSync(folder);
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    if (ownerIsGone()) rmSync(folder, { recursive: true, force: true });
    else {
      if (!waited) console.log(`waiting for another set-up of this folder (${folder})`);
      await sleep(200);
    }
  }
  try {
    writeFileSync(owner, String(process.pid));
    return await body();
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
