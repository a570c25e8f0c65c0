import { expect, test } from 'vitest';
import { RAPL_CAUSES } from '../../src/index.js';
import { native } from '../../src/native.js';

test("the causes of C++ and of TypeScript's types are one list", () => {
  expect(native().raplCauses()).toEqual([...RAPL_CAUSES]);
});
