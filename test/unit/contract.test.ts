import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { expect, test } from 'vitest';
import { native } from '../../src/native.js';
import { root } from '../helpers/child.js';

/** The member names of an interface of src/native.ts. */
function membersOf(interfaceName: string): string[] {
  const path = join(root, 'src/native.ts');
  const source = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest);
  for (const statement of source.statements) {
    if (ts.isInterfaceDeclaration(statement) && statement.name.text === interfaceName) {
      return statement.members.map((member) => (member.name as ts.Identifier).text);
    }
  }
  throw new Error(`src/native.ts declares no interface ${interfaceName}`);
}

test('the addon exports exactly the names that src/native.ts declares', () => {
  expect(Object.keys(native()).sort()).toEqual(membersOf('NativeAddon').sort());
});
