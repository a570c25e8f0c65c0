import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join, relative } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { installPacked, pack, scratchFolder } from '../../tools/lib/package.mjs';
import { mustRun, root, run } from '../helpers/child.js';

const scratch = scratchFolder();
const project = join(scratch.path, 'project');
let packed: ReturnType<typeof pack>;

beforeAll(() => {
  packed = pack(scratch.path);
  installPacked(packed.tarball, project);
}, 120_000);

afterAll(scratch.remove);

function tree(folder: string): string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

function runModule(name: string, source: string): string {
  writeFileSync(join(project, name), source);
  return mustRun(process.execPath, [name], project);
}

describe('the packed package', () => {
  test('holds the library, the sources of the addon and one prebuild, and nothing else', () => {
    const wanted = [
      'CHANGELOG.md',
      'CMakeLists.txt',
      'LICENSE',
      'README.md',
      'binding.gyp',
      'package.json',
      `prebuilds/linux-${process.arch}/microjoule.glibc.node`,
      ...tree('dist').filter((file) => file !== 'dist/.stamp'),
      ...tree('native').filter((file) => !file.startsWith('native/test/')),
    ];
    expect(packed.files).toEqual(wanted.sort());
  });

  test('is smaller than 1 MB', () => {
    expect(packed.size).toBeLessThan(1_000_000);
  });

  test('depends on node-gyp-build alone and has no install script', () => {
    const manifest = JSON.parse(readFileSync(join(project, 'node_modules/microjoule/package.json'), 'utf8'));
    expect(Object.keys(manifest.dependencies)).toEqual(['node-gyp-build']);
    expect(manifest.gypfile).toBe(false);
    for (const hook of ['preinstall', 'install', 'postinstall', 'prepare']) {
      expect(manifest.scripts).not.toHaveProperty(hook);
    }
  });

  test('names no registry and no path of the machine that packed it', () => {
    const grep = ['-rlE', `${root}|https?://(registry|npm)\\.`, join(project, 'node_modules/microjoule')];
    expect(run('grep', grep, project)).toMatchObject({ code: 1, stdout: '' });
  });
});

describe('the installed package', () => {
  test('gives import and require the same names, classes and functions', () => {
    const source = `
      import { createRequire } from 'node:module';
      import * as imported from 'microjoule';
      const required = createRequire(import.meta.url)('microjoule');
      const names = Object.keys(required);
      const differing = names.filter((name) => imported[name] !== required[name]);
      const sameNames = JSON.stringify(names.sort()) === JSON.stringify(Object.keys(imported).sort());
      console.log(JSON.stringify({ differing, sameNames, count: names.length }));
    `;
    const { differing, sameNames, count } = JSON.parse(runModule('same.mjs', source));
    expect(differing).toEqual([]);
    expect(sameNames).toBe(true);
    expect(count).toBeGreaterThan(2);
  });

  test('opens no shared library on import, and its prebuild on first use', () => {
    const source = `
      import { readFileSync } from 'node:fs';
      const mapped = () =>
        new Set(readFileSync('/proc/self/maps', 'utf8').match(/\\/\\S+\\.(?:so|node)\\b\\S*/g));
      const before = mapped();
      const { probe } = await import('microjoule');
      const imported = mapped();
      await probe({ timing: false });
      const used = mapped();
      const added = (after, since) => [...after].filter((file) => !since.has(file));
      console.log(JSON.stringify({ onImport: added(imported, before), onUse: added(used, imported) }));
    `;
    const { onImport, onUse } = JSON.parse(runModule('maps.mjs', source));
    expect(onImport).toEqual([]);
    expect(onUse).toContain(
      join(project, `node_modules/microjoule/prebuilds/linux-${process.arch}/microjoule.glibc.node`),
    );
  });
});

describe('the installed command', () => {
  const command = () => join(project, 'node_modules/.bin/microjoule');
  const bundle = () => readFileSync(join(project, 'node_modules/microjoule/dist/cli/main.js'), 'utf8');

  test('runs, and knows its version', () => {
    expect(run(command(), ['--version'], project)).toMatchObject({ code: 0, stdout: '0.1.0\n', stderr: '' });
    expect(run(command(), ['--help'], project)).toMatchObject({ code: 0, stderr: '' });
  });

  test('uses the library beside it and carries everything else, with its licences', () => {
    const required = [...bundle().matchAll(/\brequire\("([^"]+)"\)/g)].map(([, name]) => String(name));
    const own = required.filter((name) => name.startsWith('.'));
    expect(own).toContain('../index.js');
    expect(own.filter((name) => !/^\.\.\/\w+\.js$/.test(name))).toEqual([]);
    expect(required.filter((name) => !name.startsWith('.') && !isBuiltin(name))).toEqual([]);
    const licences = readFileSync(join(project, 'node_modules/microjoule/dist/cli/LICENSES.txt'), 'utf8');
    expect(licences).toContain('microjoule-models');
  });
});

describe('the published types', () => {
  const strict = {
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    lib: ['es2022'],
    types: [],
    target: 'es2022',
    noEmit: true,
  };
  const uses = `
    const now: bigint = mark();
    const code: ErrorCode = new MicrojouleError('timeout', 'late', 'wait').code;
    export function joules(energy: Energy): number | undefined {
      return energy.status === 'unsupported' ? undefined : energy.value;
    }
    export { code, now };
  `;
  const esm = `import { type Energy, type ErrorCode, MicrojouleError, mark } from 'microjoule';${uses}`;
  const cjs = `import microjoule = require('microjoule');
    import type { Energy, ErrorCode } from 'microjoule';
    const { MicrojouleError, mark } = microjoule;${uses}`;

  function compile(name: string, files: Record<string, string>, options: object): string {
    for (const [file, text] of Object.entries(files)) writeFileSync(join(project, file), text);
    const config = { compilerOptions: { ...strict, ...options }, files: Object.keys(files) };
    writeFileSync(join(project, name), JSON.stringify(config));
    return run(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-p', name], project).stdout;
  }

  test('compile without any other package under node16, for import and for require', () => {
    const options = { module: 'node16', moduleResolution: 'node16' };
    expect(compile('node16.json', { 'esm.mts': esm, 'cjs.cts': cjs }, options)).toBe('');
  });

  test('compile without any other package under bundler', () => {
    expect(
      compile('bundler.json', { 'bundled.ts': esm }, { module: 'esnext', moduleResolution: 'bundler' }),
    ).toBe('');
  });

  test('refuse what the library does not have', () => {
    const wrong = `import { mark } from 'microjoule'; export const text: string = mark();`;
    const options = { module: 'node16', moduleResolution: 'node16' };
    expect(compile('wrong.json', { 'wrong.mts': wrong }, options)).toContain('TS2322');
  });
});
