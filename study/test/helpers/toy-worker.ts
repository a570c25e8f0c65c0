import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeNpy } from 'microjoule-models';
import type { Subject } from '../../src/runtimes/conformance-checks.js';

export const toyPath = join(__dirname, '..', 'workers', 'toy.py');

/** Whether there is a Python for it: nothing but the standard library is needed. */
export const hasPython =
  spawnSync('python3', ['-c', 'import sys; sys.exit(sys.version_info < (3, 9))']).status === 0;

/** The toy, with one of its faults. */
export const toy = (fault = ''): string[] => ['env', `TOY=${fault}`, 'python3', '-u', toyPath];

/** What the toy runs; its input lies in a folder that goes with the test file. */
export function toySubject(): { subject: Subject; remove: () => void } {
  const folder = mkdtempSync(join(tmpdir(), 'microjoule-toy-'));
  const input = join(folder, 'x.npy');
  writeFileSync(input, encodeNpy({ type: 'float32', data: new Float32Array(2), dims: [2, 1] }));
  return {
    subject: {
      model: 'toy',
      weights: input,
      provider: 'cpu',
      batch: 2,
      sequenceLength: 8,
      inputs: { x: input },
      outputs: ['y'],
    },
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}
