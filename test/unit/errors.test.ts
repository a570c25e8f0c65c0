import { expect, test } from 'vitest';
import { ERROR_CODES, MicrojouleError } from '../../src/index.js';
import { native } from '../../src/native.js';

test('the addon and the type union list the same error codes, in the same order', () => {
  expect(native().statusCodes()).toEqual([...ERROR_CODES]);
});

test('a MicrojouleError carries its code and remedy', () => {
  const error = new MicrojouleError('timeout', 'It took too long.', 'Wait longer.', { cause: 'why' });
  expect(error).toBeInstanceOf(Error);
  expect(error).toMatchObject({
    name: 'MicrojouleError',
    code: 'timeout',
    message: 'It took too long.',
    remedy: 'Wait longer.',
    cause: 'why',
  });
});
