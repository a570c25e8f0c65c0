import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { root, run } from '../helpers/child.js';

const examples = readdirSync(join(root, 'examples')).filter((name) => /\.[cm]js$/.test(name));

// Only mended by a change of the example itself: it must say something, say it on stdout, and end by itself.
test.each(examples)(
  'examples/%s runs as it stands',
  (name) => {
    const ended = run(process.execPath, [join('examples', name)], root);
    expect(ended).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(ended.stdout).not.toBe('');
  },
  60_000,
);

test('there are examples for import and for require', () => {
  expect(examples.map((name) => name.slice(-4))).toEqual(expect.arrayContaining(['.mjs', '.cjs']));
});
