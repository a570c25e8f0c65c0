// Where the application's onnxruntime-node is looked for. Nothing is opened here.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MicrojouleError } from '../../src/index.js';
import { locateRuntime } from '../../src/ort-location.js';

let root: string;
beforeEach(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'mj-location-')));
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

function file(path: string, content = ''): string {
  const full = join(root, path);
  mkdirSync(dirname(full), { recursive: true });
  writeFileSync(full, content);
  return full;
}

/** A package with a library in it, at `folder`; returns the library's path. */
function install(folder: string, napi = 'napi-v6'): string {
  file(`${folder}/package.json`, '{}');
  return file(`${folder}/bin/${napi}/linux/${process.arch}/libonnxruntime.so.1`);
}

const from = (...starts: string[]): string =>
  locateRuntime(
    undefined,
    starts.map((start) => join(root, start)),
  );

describe('an explicit path', () => {
  test('is the file itself, the folder of the package, or the folder of the library', () => {
    const library = install('any/onnxruntime-node');
    expect(locateRuntime(library)).toBe(library);
    expect(locateRuntime(join(root, 'any/onnxruntime-node'))).toBe(library);
    expect(locateRuntime(dirname(library))).toBe(library);
  });

  test('that holds nothing is an error with the remedy', () => {
    file('empty/package.json');
    for (const path of [join(root, 'empty'), join(root, 'nowhere')]) {
      expect(() => locateRuntime(path)).toThrow(
        expect.objectContaining({
          code: 'library-not-found',
          remedy: expect.stringMatching(/npm i onnxruntime-node/),
        }),
      );
    }
  });
});

describe('layouts', () => {
  test('npm: hoisted beside the package, found from deep inside', () => {
    const library = install('node_modules/onnxruntime-node');
    mkdirSync(join(root, 'node_modules/microjoule/dist'), { recursive: true });
    expect(from('node_modules/microjoule/dist')).toBe(library);
  });

  test('pnpm: a link into its store', () => {
    const library = install('node_modules/.pnpm/onnxruntime-node@1/node_modules/onnxruntime-node');
    symlinkSync(
      join(root, 'node_modules/.pnpm/onnxruntime-node@1/node_modules/onnxruntime-node'),
      join(root, 'node_modules/onnxruntime-node'),
    );
    mkdirSync(join(root, 'app'));
    expect(from('app')).toBe(library);
  });

  test('workspace: the nearer one before the one at the root', () => {
    install('node_modules/onnxruntime-node');
    const nearer = install('packages/app/node_modules/onnxruntime-node');
    mkdirSync(join(root, 'packages/app/src'), { recursive: true });
    expect(from('packages/app/src')).toBe(nearer);
  });

  test('from our package first, then from the working directory', () => {
    const own = install('a/node_modules/onnxruntime-node');
    const working = install('b/node_modules/onnxruntime-node');
    expect(from('a', 'b')).toBe(own);
    expect(from('c', 'b')).toBe(working);
  });

  test('binaries in a package of the platform', () => {
    file('node_modules/onnxruntime-node/package.json', '{}');
    const library = install(`node_modules/onnxruntime-node-linux-${process.arch}`);
    expect(from('app')).toBe(library);
  });

  test('the newest Node-API version of several', () => {
    install('node_modules/onnxruntime-node', 'napi-v6');
    const newest = install('node_modules/onnxruntime-node', 'napi-v10');
    expect(from('app')).toBe(newest);
  });
});

test('no onnxruntime-node at all: the error tells where it was looked for and how to get it', () => {
  mkdirSync(join(root, 'app'));
  const look = () => from('app');
  expect(look).toThrow(MicrojouleError);
  expect(look).toThrow(
    expect.objectContaining({
      code: 'library-not-found',
      message: expect.stringContaining(join(root, 'app')),
      remedy: expect.stringMatching(/^npm i onnxruntime-node/),
    }),
  );
});
