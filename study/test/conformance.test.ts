import { rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { testIf } from '../../test/helpers/skip.js';
import { type CheckResult, runConformance } from '../src/runtimes/conformance.js';
import { Worker } from '../src/worker/client.js';
import { hasPython, toy, toySubject } from './helpers/toy-worker.js';

const withPython = testIf(hasPython, 'needs Python 3.9 or newer');
const { subject, remove } = toySubject();
afterAll(remove);

async function failures(fault: string, timeoutSeconds = 30): Promise<CheckResult[]> {
  const { checks } = await runConformance(toy(fault), { subject, timeoutSeconds });
  return checks.filter(({ status }) => status === 'failed');
}

describe('conformance', () => {
  withPython('a worker that prints, as its libraries and children do, conforms', async () => {
    const { conforms, checks } = await runConformance(toy(), { subject });
    expect(checks.filter(({ status }) => status !== 'passed')).toEqual([]);
    expect(conforms).toBe(true);
    expect(checks.length).toBe(20);
  });

  const FAULTS: [fault: string, check: string, reason: RegExp][] = [
    ['lazy', 'twice as many inferences take longer', /inferences took less than/],
    ['unconfirmed', 'one inference, timed and synchronised', /did not confirm that all work was done/],
    ['other-clock', 'one inference, timed and synchronised', /outside the time from request to answer/],
    ['wrong-hash', 'prepare gives the SHA-256 of the inputs', /inputHash is 0000/],
    ['wrong-id', 'a line that is no request is refused, and the worker goes on', /the id 1, not -1/],
    ['chatters', 'another protocol is refused', /a line that is no answer: "a banner"/],
    ['drifts', 'outputs are .npy files and repeat', /differs from one inference to the next/],
    ['asynchronous', 'reading outputs back takes no longer after many inferences', /still busy/],
    ['dies', 'one inference, timed and synchronised', /no answer to infer/],
    ['fails', 'one inference, timed and synchronised', /the toy is broken/],
    ['out-of-memory', 'load', /\[out-of-memory\]/],
    ['not-installed', 'hello', /No module named.*\[not-installed\]/],
    ['no-library', 'hello', /libtoy.*\[not-installed\]/],
    ['exits-with-3', 'close is answered, and the worker ends with code 0', /no answer to close/],
  ];
  for (const [fault, check, reason] of FAULTS) {
    withPython(`a worker that is '${fault}' does not`, async () => {
      const found = (await failures(fault)).find(({ name }) => name === check);
      expect(found?.reason).toMatch(reason);
    });
  }

  for (const flood of [['yes'], ['cat', '/dev/zero']]) {
    test(`a program that writes without end fails, and is ended: ${flood.join(' ')}`, async () => {
      const { checks } = await runConformance(flood, { subject, timeoutSeconds: 3600 });
      expect(checks[0]?.reason).toMatch(/no answer/);
    });
  }

  test('a line without end ends a worker of the study too', async () => {
    const log = join(tmpdir(), `mj-endless-${process.pid}`);
    const worker = await Worker.start({ program: 'cat', args: ['/dev/zero'], cwd: tmpdir(), log });
    const hello = worker.request<'hello'>({ op: 'hello', protocol: 1 }, 3600);
    await expect(hello).rejects.toMatchObject({
      code: 'protocol',
      message: 'The worker writes a line without end.',
    });
    await worker.killed();
    rmSync(log);
  });

  withPython('a program that is no worker fails, and nothing is reached', async () => {
    const { conforms, checks } = await runConformance(['true'], { subject, timeoutSeconds: 5 });
    expect(conforms).toBe(false);
    expect(checks[0]?.status).toBe('failed');
    expect(checks.filter(({ status }) => status === 'not reached').length).toBeGreaterThan(10);
  });
});
