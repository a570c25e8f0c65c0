import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const folder = join(__dirname, '../../native/ort');

test('every slot that is used was checked against the real header', () => {
  const { slots } = JSON.parse(readFileSync(join(folder, 'ort_abi_checked.json'), 'utf8'));
  const source = readFileSync(join(folder, 'ort_abi.h'), 'utf8');
  const used = [...source.matchAll(/^\s+X\((\d+), (\w+),/gm)].map(([, slot, name]) => [name, Number(slot)]);
  expect(used.length).toBeGreaterThan(60);
  expect(Object.fromEntries(used), 'run node tools/check-ort-abi.mjs').toEqual(slots);
});
