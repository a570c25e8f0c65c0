import { expect, test } from 'vitest';
import { native } from '../../src/native.js';
import { RAPL_CAUSES } from '../../src/rapl-causes.js';

test("the causes of C++ and of TypeScript's types are one list", () => {
  expect(native().raplCauses()).toEqual([...RAPL_CAUSES]);
});
