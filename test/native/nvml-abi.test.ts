import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root } from '../helpers/child.js';

test('every NVML function that is used was checked against the real header', () => {
  const folder = join(root, 'native/energy');
  const { functions } = JSON.parse(readFileSync(join(folder, 'nvml_abi_checked.json'), 'utf8'));
  const source = readFileSync(join(folder, 'nvml_abi.h'), 'utf8');
  const used = [...source.matchAll(/^\s+X\(\w+, (nvml\w+),/gm)].map(([, name]) => name);
  expect(used.length).toBeGreaterThan(20);
  expect(used, 'run node tools/check-nvml-abi.mjs').toEqual(functions);
});
