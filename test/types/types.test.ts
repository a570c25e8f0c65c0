import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ts from 'typescript';
import { afterAll, beforeAll, expect, test } from 'vitest';

const ROOT = join(__dirname, '../..');
let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'mj-types-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function errors(program: ts.Program): string[] {
  return ts.getPreEmitDiagnostics(program).map((diagnostic) => {
    const text = ts.flattenDiagnosticMessageText(diagnostic.messageText, '\n');
    return `${diagnostic.file?.fileName}:${diagnostic.start}: ${text}`;
  });
}

const STRICT: ts.CompilerOptions = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noEmit: true,
  skipLibCheck: false,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.Node16,
  moduleResolution: ts.ModuleResolutionKind.Node16,
};

test('ours and onnxruntime-common’s shapes are the same, both ways', { timeout: 60_000 }, () => {
  // onnxruntime-common's declarations name types of the DOM; to check that library itself takes half a minute.
  const options = {
    ...STRICT,
    skipLibCheck: true,
    types: ['node'],
    lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
  };
  expect(errors(ts.createProgram([join(__dirname, 'onnxruntime-common.ts')], options))).toEqual([]);
});

test('the published declarations need lib es2022 alone', { timeout: 60_000 }, () => {
  const config = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile).config;
  const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
  const emitted = ts.createProgram([join(ROOT, 'src/index.ts')], {
    ...options,
    declaration: true,
    emitDeclarationOnly: true,
    outDir: folder,
  });
  expect(emitted.emit().diagnostics).toEqual([]);
  const consumer = ts.createProgram([join(__dirname, 'consumer.ts')], {
    ...STRICT,
    types: [],
    lib: ['lib.es2022.d.ts'],
    paths: { microjoule: [join(folder, 'index.d.ts')] },
  });
  expect(errors(consumer)).toEqual([]);
});
